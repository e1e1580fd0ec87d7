// Node's socket.io with the events of socketio-conformance, for socketio_compare.py.
//   node server.js PING_INTERVAL PING_TIMEOUT      (milliseconds; the port is printed)
'use strict';

const { createServer } = require('http');
const { Server } = require('socket.io');

const [pingInterval, pingTimeout] = process.argv.slice(2).map(Number);
const server = createServer();
const io = new Server(server, {
  pingInterval,
  pingTimeout,
  maxHttpBufferSize: 1000000,
  perMessageDeflate: false,
  serveClient: false,
  cors: { origin: '*' },
});

io.on('connection', (socket) => {
  socket.emit('auth', socket.handshake.auth);
  socket.on('message', (...args) => socket.emit('message-back', ...args));
  socket.on('message-with-ack', (...args) => args.pop()(...args));
  socket.on('broadcast', (...args) => io.emit('broadcast', ...args));
});

server.listen(0, '127.0.0.1', () => {
  console.log('listening on http://127.0.0.1:' + server.address().port);
});
process.on('SIGTERM', () => process.exit(0));
