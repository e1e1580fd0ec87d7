"use strict";
// socket.io-client 4 and 3: the same basics.
const { basics } = require("./support/basics");

basics("client 4", require("socket.io-client").io);
basics("client 3", require("socket.io-client-3").io);
