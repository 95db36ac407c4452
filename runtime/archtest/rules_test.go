package archtest

// graph says which of our packages each of our packages may import. What is not listed is refused.
//
//	a b -> c d      a and b may import c and d, outside their tests
//	NAME = a b      NAME stands for a and b, on either side of an arrow and in later names
//	folder/*        every package right below folder, on the left only
//
// A line that begins with a blank continues the one above it. Every package may import runtime/invariants, and a
// package's tests may import all that the package can reach by these rows, the package itself and what testGraph adds.
//
// Widening a row is a change of design: say why in the commit. These never change without a new design:
// pure packages import pure packages only; mpi doesn't know collective; the launcher's packages don't know mpi
// (golaunch starts programs, it doesn't link the runtime); nobody imports benchmarks or examples.
const graph = `
# Pure: no goroutine, clock, socket or file. TestPure looks at the code as well.
CORE = runtime/invariants runtime/layout runtime/match runtime/proto runtime/ring runtime/topo runtime/wire
CORE -> CORE
collective/kernel collective/plan ->
collective/tune collective/loggp -> collective/plan
collective/explain -> collective/plan collective/tune collective/loggp
runtime/transport/tcp/handshake ->
runtime/transport/tcp/frame -> runtime/wire
launcher/hosts -> runtime/topo
PURE = CORE runtime/transport/tcp/handshake runtime/transport/tcp/frame collective/kernel collective/plan collective/tune
  collective/loggp collective/explain launcher/hosts

# Shared memory of one node.
runtime/segment -> runtime/ring runtime/topo runtime/wire
runtime/arena -> runtime/segment runtime/topo

# Moving frames.
TRANSPORT = runtime/transport runtime/transport/fence runtime/wire runtime/ring runtime/topo runtime/segment runtime/arena
runtime/transport -> runtime/wire runtime/ring runtime/topo runtime/segment runtime/arena
runtime/transport/inproc runtime/transport/shm -> TRANSPORT
runtime/transport/transporttest -> TRANSPORT
runtime/transport/tcp -> runtime/transport/tcp/handshake runtime/transport/tcp/frame runtime/wire

# Requests and progress; what programs import.
runtime/transport/fence ->
runtime/engine -> CORE runtime/segment runtime/arena runtime/transport runtime/transport/fence
runtime/bootstrap -> runtime/topo
runtime/mpi -> runtime/engine runtime/bootstrap runtime/topo runtime/layout runtime/segment runtime/arena
  runtime/transport runtime/transport/inproc runtime/transport/shm
runtime/mpi/mpitest -> runtime/mpi runtime/bootstrap runtime/segment runtime/topo
collective -> collective/kernel collective/plan collective/tune runtime/mpi runtime/engine runtime/arena runtime/topo runtime/layout

# Starting programs.
launcher/config ->
launcher -> runtime/bootstrap runtime/topo runtime/segment launcher/spawn launcher/hosts launcher/config
launcher/spawn -> runtime/bootstrap runtime/topo runtime/segment
launcher/golaunch -> launcher launcher/spawn collective/plan collective/tune collective/loggp collective/explain runtime/bootstrap runtime/topo runtime/segment

# Users of all this: they stand on what any other program may import.
PUBLIC = runtime/mpi runtime/mpi/mpitest runtime/layout collective
benchmarks/* -> PUBLIC benchmarks/harness
examples/* -> PUBLIC

runtime/archtest ->
`

// testGraph says what a package's tests may import beyond what the package can reach.
const testGraph = `
runtime/transport/inproc runtime/transport/shm -> runtime/transport/transporttest
runtime/transport/transporttest -> runtime/transport/inproc
runtime/engine -> runtime/transport/inproc runtime/transport/shm
runtime/mpi -> runtime/mpi/mpitest
collective -> runtime/mpi/mpitest
`

// modules says which packages may import which third-party module, outside their tests.
const modules = `
SYSTEM = runtime/segment runtime/arena runtime/transport/fence runtime/transport/inproc runtime/transport/shm runtime/transport/tcp runtime/engine
  runtime/bootstrap runtime/mpi
  launcher launcher/spawn launcher/golaunch
SYSTEM -> golang.org/x/sys
collective/kernel -> golang.org/x/sys/cpu
runtime/transport/tcp/frame -> github.com/cespare/xxhash/v2 github.com/klauspost/compress/s2
launcher launcher/golaunch -> golang.org/x/sync
benchmarks/* -> golang.org/x/sys github.com/pelletier/go-toml/v2
launcher/config -> github.com/pelletier/go-toml/v2
examples/* -> gonum.org/v1/gonum
`

// testModules says which third-party modules tests may import beyond that.
const testModules = `
* -> pgregory.net/rapid
launcher/golaunch -> github.com/rogpeppe/go-internal
`

// pureStd lists what a pure package may import from the standard library. Everything else is refused: os, net,
// syscall, context and sync because they bring files, sockets, system calls, deadlines and other goroutines.
// Of crypto it is what computes and asks nobody for randomness.
// time is here for time.Duration; TestPure refuses the functions that read the clock or set a timer.
const pureStd = `
bufio bytes cmp container/* crypto/aes crypto/cipher crypto/hkdf crypto/hmac crypto/sha256 encoding encoding/* errors fmt hash hash/* io iter maps math math/* reflect slices sort
strconv strings sync/atomic time unicode unicode/* unsafe
`

// planned names packages that have rows ahead of their first file. Anything else that a row names must exist.
const planned = `
`
