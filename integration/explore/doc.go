// Package explore runs operations of real Managers against each other in every order that their
// store calls can take.
//
// Each operation runs in a goroutine and waits before each store call until the schedule lets the
// call happen. A [Scenario] consists of stored sessions and operations. [Explore] tries all
// schedules, without faults and with a fault at each call: the process crashes, the response is
// lost, or the call arrives late or never. After each call it checks what is stored and what the
// operations have returned to their callers. It reports the first schedule that breaks a promise,
// call by call.
package explore
