// Package proof checks histories of sessions with an independent judge, the linearizability checker
// Porcupine. It has two models: a session, and a subject with a limit. The checks of package
// torture run on the same histories.
//
// A [World] lets many clients use a few sessions on several hosts. A [Host] is a Manager in this
// process, or a separate process that may be killed. Each operation is recorded as an [Op], from
// its call to its return. The tests disturb the network, kill processes, and kill the engine.
//
// It is a separate module because users of the library have no need of Porcupine (MIT licence, no
// dependencies).
package proof
