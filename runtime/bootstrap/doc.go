// Package bootstrap is how a rank and the launcher that started it talk: the
// environment a rank is born with, and one control socket per rank.
//
// # The environment
//
// A rank started by golaunch finds these variables (all of them, or none):
//
//	GOLAUNCH_VERSION     version of this protocol, Version
//	GOLAUNCH_RANK        0 <= rank < size
//	GOLAUNCH_SIZE        ranks in the job
//	GOLAUNCH_LOCAL_RANK  rank among those of this machine
//	GOLAUNCH_LOCAL_SIZE  ranks on this machine
//	GOLAUNCH_SEGMENT_FD  inherited descriptor of the machine's shared segment
//	GOLAUNCH_CONTROL_FD  inherited descriptor of the rank's control socket
//	GOLAUNCH_JOB         hexadecimal name of the job
//
// Both descriptors go through wrapper scripts unchanged. FromEnv reads the
// variables, Connect takes the descriptors over (and marks them close-on-exec, so
// that programs which a rank starts don't hold them).
//
// # The control socket
//
// A stream socket that carries one JSON object a line, both ways:
//
//	rank -> launcher  {"op":"hello","rank":0,"pid":123,"segment":1}     on Init
//	                  {"op":"finalize","rank":0}                        orderly end, before exit
//	                  {"op":"abort","rank":0,"code":1,"why":"..."}      before an exit by its own decision
//	                  {"op":"report","id":7,"rank":0,"pending":[...]}   answer to dump
//	                  {"op":"stalled","rank":0}                         every rank was seen waiting
//	launcher -> rank  {"op":"dump","id":7}                              asks for a report
//
// End of file on the rank's side means that the launcher is gone: the rank has to
// exit. Lines are bounded by MaxLine; what comes from the other side is checked
// and never panics.
//
// Encoding (message.go, env.go) is pure; the sockets are in client.go and reader.go.
package bootstrap
