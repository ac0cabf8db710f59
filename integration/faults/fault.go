// Package faults breaks the network between a client and a real DynamoDB engine, attempt by attempt, for tests: the engine is
// no fake, and so what it has applied, it has applied.
package faults

// Fault is what happens to one attempt of a request.
type Fault uint8

// The faults. Of those that return an error of the connection, the client can't tell the first from the next two.
const (
	None          Fault = iota
	CutBefore           // the connection is cut before the request is sent: nothing is applied
	CutAfter            // the engine answers, and the answer is lost
	Late                // the connection is cut, and the engine gets the request some time later
	Delay               // the request is held up, and then goes through
	InternalError       // HTTP 500, not applied
	ErrorAfter          // HTTP 500, and applied all the same: AWS says that either may be
	Throttle            // the service refuses for want of capacity
	Conflict            // the service refuses because of a transaction under way
	kinds
)

var names = [kinds]string{"none", "cut before", "cut after", "late", "delay", "500", "500 after", "throttle", "conflict"}

// String returns the fault's name.
func (f Fault) String() string { return names[f] }

// Rates are the shares of the attempts that meet each fault, between 0 and 1, at most 1 in sum. The rest goes through.
type Rates map[Fault]float64

// pick returns the fault of the attempt that drew x, which lies in [0, 1).
func (r Rates) pick(x float64) Fault {
	for f := None + 1; f < kinds; f++ {
		if x < r[f] {
			return f
		}
		x -= r[f]
	}
	return None
}
