// What Docker Engine 20.10 (API 1.41) shows of one container that was created and never started, shortened, and what is
// otherwise once it runs, is stopped, and so on: merge patches (RFC 7386) on it.
#pragma once

namespace flow::docker::testing {

inline constexpr const char* kCreated = R"({"Id":"d804","Name":"/flow-web","State":{"Status":"created"},
"HostConfig":{"Binds":null,"LogConfig":{"Type":"json-file","Config":{"max-file":"5","max-size":"10m"}},
 "NetworkMode":"flow-net","PortBindings":{"80/tcp":[{"HostIp":"127.0.0.1","HostPort":""}]},
 "RestartPolicy":{"Name":"no","MaximumRetryCount":0},"AutoRemove":false,"VolumesFrom":null,
 "CapAdd":["net_bind_service","CAP_CHOWN"],"CapDrop":["ALL"],"CgroupnsMode":"host","Dns":null,"DnsOptions":null,
 "DnsSearch":null,"ExtraHosts":null,"GroupAdd":null,"IpcMode":"private","Privileged":false,"ReadonlyRootfs":false,
 "SecurityOpt":["no-new-privileges:true"],"UsernsMode":"","ShmSize":67108864,"Runtime":"runc","CpuShares":0,
 "Memory":67108864,"NanoCpus":500000000,"BlkioWeight":0,"CpuPeriod":0,"CpuQuota":0,"CpuRealtimePeriod":0,
 "CpuRealtimeRuntime":0,"CpusetCpus":"","CpusetMems":"","KernelMemory":0,"KernelMemoryTCP":0,"MemoryReservation":0,
 "MemorySwap":67108864,"MemorySwappiness":null,"OomKillDisable":false,"PidsLimit":512,
 "Ulimits":[{"Name":"nofile","Hard":128,"Soft":64}]},
"Mounts":[{"Type":"volume","Name":"e94c","Source":"/v/e94c/_data","Destination":"/data","Mode":"z","RW":true},
 {"Type":"bind","Source":"/host","Destination":"/a","Mode":"","RW":false,"Propagation":"rprivate"},
 {"Type":"volume","Name":"named","Source":"/v/named/_data","Destination":"/b","Mode":"z","RW":true}],
"Config":{"Hostname":"web","User":"","ExposedPorts":{"80/tcp":{}},"Env":["B=2","A=secret","PATH=/bin"],
 "Cmd":["sleep","1000"],"Healthcheck":{"Test":["CMD","true"],"Interval":1000000000},"Image":"flow-demo:latest",
 "Volumes":null,"WorkingDir":"","Entrypoint":["/bin/flow-entry"],"OnBuild":null,"Labels":{"flow.name":"web"},
 "StopTimeout":10},
"NetworkSettings":{"Bridge":"","Ports":{},"IPAddress":"","Networks":{"flow-net":{"IPAMConfig":null,"Links":null,
 "Aliases":["web"],"NetworkID":"","EndpointID":"","IPAddress":"","MacAddress":"","DriverOpts":null}}}})";

inline constexpr const char* kOnceRunning = R"({"State":{"Status":"running","Health":{"Status":"starting"}},
"Mounts":[{"Type":"bind","Source":"/host","Destination":"/a","Mode":"","RW":false,"Propagation":"rprivate"},
 {"Type":"volume","Name":"named","Source":"/v/named/_data","Destination":"/b","Mode":"z","RW":true},
 {"Type":"volume","Name":"e94c","Source":"/v/e94c/_data","Destination":"/data","Mode":"z","RW":true}],
"NetworkSettings":{"Ports":{"80/tcp":[{"HostIp":"127.0.0.1","HostPort":"32773"}]},"Networks":{"flow-net":{
 "Aliases":["web","d804cc8c32dc"],"NetworkID":"001b","EndpointID":"00bc","IPAddress":"172.21.0.2"}}}})";

inline constexpr const char* kOnceStopped = R"({"State":{"Status":"exited"},
"NetworkSettings":{"Ports":{},"Networks":{"flow-net":{"NetworkID":"001b","Aliases":["web","d804cc8c32dc"]}}}})";

inline constexpr const char* kAfterEngineRestart = R"({"HostConfig":{"Dns":[],"DnsOptions":[],"DnsSearch":[]},
"Mounts":[{"Type":"volume","Name":"named","Source":"/v/named/_data","Destination":"/b","Mode":"z","RW":true},
 {"Type":"volume","Name":"e94c","Source":"/v/e94c/_data","Destination":"/data","Mode":"z","RW":true},
 {"Type":"bind","Source":"/host","Destination":"/a","Mode":"","RW":false,"Propagation":"rprivate"}]})";

/// Of newer API versions: what they leave out, fill in and write otherwise.
inline constexpr const char* kNewerApi = R"({"HostConfig":{"KernelMemory":null,"KernelMemoryTCP":null,
 "CpuRealtimePeriod":null,"CpuRealtimeRuntime":null,"BlkioWeight":null,"CapAdd":["CAP_CHOWN","CAP_NET_BIND_SERVICE"],
 "PortBindings":{"80/tcp":[{"HostIp":"127.0.0.1","HostPort":"0"}],"443/tcp":[]},"Annotations":{}},
"Config":{"User":null,"WorkingDir":null,"OnBuild":null,"Volumes":null,"Healthcheck":{"Timeout":0,"StartInterval":0}},
"NetworkSettings":{"IPAddress":null,"Bridge":null,"Networks":{"flow-net":{"DNSNames":["web"],"GwPriority":0}}},
"ImageManifestDescriptor":{"digest":"sha256:1"}})";

}  // namespace flow::docker::testing
