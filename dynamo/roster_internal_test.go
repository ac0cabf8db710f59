package dynamo

import (
	"reflect"
	"testing"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
)

// A change that does anything but drop entries is made though none of these is there.
func TestOnlyLeaves_EveryFieldOfAChange(t *testing.T) {
	leave := driver.RosterChange{Key: "k", Rev: "r", Leave: []string{"a"}}
	if !onlyLeaves(leave) {
		t.Error("a change that only drops an entry does more")
	}
	conditions := []string{"Key", "Rev", "Leave", "IfRev", "IfEpoch", "IfPages", "Most", "Deadline"} // nothing happens by these alone
	for _, f := range reflect.VisibleFields(reflect.TypeFor[driver.RosterChange]()) {
		c := leave
		v := reflect.ValueOf(&c).Elem().FieldByIndex(f.Index)
		switch v.Interface().(type) {
		case string:
			v.SetString("x")
		case bool:
			v.SetBool(true)
		case time.Time:
			v.Set(reflect.ValueOf(time.Unix(1, 0)))
		case int:
			v.SetInt(1)
		default:
			if v.Kind() == reflect.Pointer {
				v.Set(reflect.New(f.Type.Elem()))
			}
		}
		changes := true
		for _, name := range conditions {
			changes = changes && name != f.Name
		}
		if onlyLeaves(c) == changes {
			t.Errorf("a change with %s only drops entries: %t", f.Name, !changes)
		}
	}
}
