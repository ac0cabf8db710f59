// Package explore runs the operations of real Managers against each other in every order that their store calls can take.
//
// Each operation runs in a goroutine whose store calls wait until a schedule lets them happen. A [Scenario] says what is stored at
// first and which operations run. [Explore] tries all schedules, also with a fault at each call: the process crashes, the
// answer is lost, the call arrives late or never. After each call it looks at what is stored and at what the operations have told
// their callers, and reports the first schedule after which a promise is broken, call by call.
package explore
