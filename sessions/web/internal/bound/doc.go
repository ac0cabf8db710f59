// Package bound has the rules of device-bound sessions, without HTTP and without a store: what a
// browser or client signs, what the server hands out, and what a session record keeps of it.
//
// A session has a [Binding]: a random secret, and once a device has registered, its public key.
// Everything that the server hands out (challenges, the bound cookie, nonces) is a time, a random
// number and an HMAC of both under that secret, so that nothing else has to be stored. See
// [Binding.Challenge] and [Binding.Cookie].
//
// Two protocols use it: Device Bound Session Credentials in browsers ([ParseResponse]), and DPoP,
// RFC 9449, in API clients ([ParseProof]). Both send a JSON Web Signature in compact form. The
// package reads it with the standard library alone: two algorithms, fixed by the kind of the key
// and never by what the client says, need about a hundred lines, and a general library would have
// to be configured to refuse everything else. Size and shape are checked before any signature is.
package bound
