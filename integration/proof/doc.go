// Package proof has histories of sessions judged by somebody else: by the linearizability checker
// Porcupine, against a model of one session and one of a subject with a limit, beside the checks of
// package torture.
//
// A [World] lets many clients at a few sessions, on several hosts. A [Host] is a Manager in this
// process, or a process of its own that may be killed. Each operation is recorded as an [Op], from
// the call to the answer. The tests let the network fail, kill the processes, and kill the engine.
//
// It is a module of its own because Porcupine (MIT licence, no dependencies) is of use to nobody
// who uses the library.
package proof
