package storetest

// The sentences of the contract, verbatim from package driver except for the brackets of links. A
// test compares them.
const (
	manyAtATime  = "A Store is safe for concurrent use by any number of goroutines, processes and hosts."
	asAWhole     = "Each call happens as a whole or not at all, whatever other calls do at the same time."
	readsSee     = "Once a write has returned nil, every later read sees it."
	returnsGiven = "A Store returns what it was given: the key, a payload that is codec.Equal to the one stored and has its format, " +
		"Rev, Subject, Application, Federated, Device, Persist, Binding and both pages, both times to the microsecond in UTC, " +
		"both timeouts to the second."
	sharesNothing = "Apart from payloads it shares no memory with its callers, who may change what they passed and what they got."
	keepsLiving   = "A Store doesn't judge whether a session has expired: it may return or sweep a record whose ExpiresAt has passed, " +
		"but it keeps a record whose ExpiresAt has not."

	markerHolds = "While a key holds a marker, Create, Load, Replace, Touch, Bind and End of that key return an *EndedError with the marker, " +
		"LoadAll has that error among its results, and the marker stays: a session that has ended stays ended."
	keepsMarkers = "The store keeps a marker until its Until has passed, and a roster until its Expires has passed."

	contextDone = "A call whose context is done before it begins changes nothing and returns an error that is the context's."

	repeated       = "A write that is repeated with the same Rev, because the first answer was lost, succeeds and changes nothing more."
	repeatedByRev  = "The store recognises it by the Rev that is stored: once another write has stored its own Rev, the repeated one is treated like any other."
	repeatedNoName = `Rev "" names no write: a write with it is never taken for a repeated one.`

	createStoresRec = "Create stores rec, if its key holds nothing."
	createExists    = "If the key holds another record, the error is ErrExists and that record stays as it is."
	createRace      = "Of several Creates of one key at the same time, exactly one succeeds."

	loadReturns = "Load returns the record of key."
	loadNone    = "If there is none, the error is ErrNotFound."

	loadAllReturns = "LoadAll returns, for each of at most MaxBatch different keys and in their order, what Load would return."
	loadAllFails   = "If any of them can't be read, it returns an error and no results."

	replacePuts     = `Replace replaces the record of rec's key by rec, if that record's Rev is rev; rev "" means that it has none.`
	replaceBinding  = "It keeps the stored Binding."
	replaceConflict = "If the Rev differs, the error is ErrConflict and nothing changes."
	noneIsCreated   = "If there is no record, the error is ErrNotFound and none is created."
	replaceRace     = "Of several Replaces of one rev at the same time, exactly one succeeds."

	touchRecords = "Touch records an access: it sets the record's Accessed to accessed, and the time from which the store may sweep it to expires."
	touchForward = "The times move only forward, and both or neither: unless accessed is later than the stored one and expires is not earlier, " +
		"the call succeeds and changes nothing."
	touchNothingElse = "It changes nothing else, not even Rev, so that it never disturbs a Replace."

	bindSets        = "Bind sets the record's Binding, if the stored one equals was; an empty was or binding means no Binding."
	bindNothingElse = "It changes nothing else, not even Rev."
	bindConflict    = "If the Binding differs, the error is ErrConflict, unless it equals binding already: then the call succeeds."

	endMarks     = "End ends the session of e.Key: it stores e.Marker in place of the record, or under the key if there is none."
	endReturns   = "It returns the record that was there, as far as it can be read and perhaps without its Payload; the zero Record if there was none."
	endCondition = "If e.If is not met, the error is ErrConflict, or ErrNotFound if e.If demands a record and there is none, and nothing changes."
	endDeletes   = "With the zero Marker it deletes the record and leaves nothing."
	endState     = "State is what a key must hold for End to end its session: a record with the given Rev, or nothing."

	rostersLoad   = "LoadRosters returns the rosters of at most MaxBatch different keys, in their order."
	rosterNone    = "A roster that doesn't exist is returned with its Key alone."
	rosterChanges = "ChangeRoster applies c and returns the resulting roster."
	rosterRefused = "If c is refused, the error is ErrRoster or ErrFull, and the roster is returned unchanged."

	clockTells = "Clock returns the clock of the store's database."
	clockSafe  = "It is never nil and safe for concurrent use; a store without a better one returns clock.System."
	nameSame   = "It is the same at every call, and on every host that uses the table."

	changeOneStep  = "RosterChange changes a roster in one step."
	changeCreates  = "It creates the roster if there is none, unless it only Leaves."
	changeBefore   = "Its conditions are checked against the roster as it was before."
	changeIf       = "The change is refused with ErrRoster unless the roster has the Epoch, the Rev and the Pages given here; nil is no condition."
	changeIfNone   = `A roster that doesn't exist has Epoch 0, Rev "" and no Pages.`
	changeEnter    = `Enter is the key of a session to list in the roster, with its absolute Deadline; "": none.`
	changeDeadline = "If the key is listed already, its deadline is replaced."
	changeMost     = "If Most is more than 0, a change that would Enter a new key into a roster of that many entries is refused with ErrFull."
	changeLeave    = "Leave has at most MaxLeave keys to remove from the roster, whether or not it lists them."
	changeBump     = "Bump adds one to Epoch."
	changePages    = "Pages replaces the roster's Pages; nil keeps them."
	changeClose    = "Close is refused with ErrRoster unless the roster is empty."
	changeClosed   = "Afterwards every Enter is refused with ErrFull."
	changeStale    = "Stale replaces the roster's Stale; zero keeps it."
	changeExpires  = "Expires is when the store may sweep the roster; zero, or a time before the stored one, is ignored."
)
