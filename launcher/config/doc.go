// Package config reads golaunch.toml, which holds defaults for golaunch's flags.
//
//	n = 4                       # a flag's name, a value as on the command line
//	tag = true
//	timeout = "5m"
//	x = ["LD_LIBRARY_PATH"]     # flags that may be repeated take lists
//	[env]                       # variables of the ranks, as -x NAME=value
//	GOGC = 200
//
// There may be two: the project's, looked for from the working directory upwards to the
// root of the git repository (outside of one, in the working directory alone), and the
// user's. What the command line says goes before the project's file, which goes before the user's;
// variables (x, env) of all add up, name by name in the same order.
//
// Relative paths are meant from the folder of the file. An unknown key, a value of
// the wrong kind and a file that can't be read are errors that say where: a file that
// is there is never passed over.
//
// Only Find and Read touch files; everything else is pure.
package config
