// Package item translates records, markers and rosters to items in DynamoDB and back. The comment
// of package dynamo lists the attributes.
package item

import (
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/codec/attribute"
)

// Item is an item as the SDK sends and returns it.
type Item = map[string]types.AttributeValue

// attr is an attribute of a record's item.
type attr int

const (
	id attr = iota
	created
	accessed
	expires
	idleTimeout
	absoluteTimeout
	data
	format
	rev
	subject
	application
	federated
	device
	deviceIP
	persist
	page
	federatedPage
	binding
	attrs
)

// names has the attributes' names. Expressions refer to them as #name, and to their values as
// :name.
var names = [attrs]string{
	id:              "id",
	created:         "created",
	accessed:        "accessed",
	expires:         "expires",
	idleTimeout:     "idle_timeout",
	absoluteTimeout: "absolute_timeout",
	data:            "data",
	format:          "format",
	rev:             "rev",
	subject:         "subject",
	application:     "application",
	federated:       "federated",
	device:          "device",
	deviceIP:        "device_ip",
	persist:         "persist",
	page:            "page",
	federatedPage:   "federated_page",
	binding:         "binding",
}

// valueRefs are the names with a colon in front. replaceNames maps #name to name for all attributes
// that a Replace writes. Both are read-only.
var valueRefs, replaceNames = func() (refs [attrs]string, all map[string]string) {
	all = make(map[string]string, attrs)
	for a, name := range names {
		refs[a] = ":" + name
		if attr(a).isReplaced() {
			all["#"+name] = name
		}
	}
	return refs, all
}()

// isReplaced reports whether a Replace writes the attribute. The key can't change, and only Bind
// writes the binding.
func (a attr) isReplaced() bool { return a != id && a != binding }

// Row has the attributes of a record's item; nil means that it lacks one.
type Row [attrs]types.AttributeValue

// Item returns r for a PutItem.
func (r *Row) Item() Item {
	it := make(Item, r.len())
	for a, av := range r {
		if av != nil {
			it[names[a]] = av
		}
	}
	return it
}

// Key returns the item's key.
func (r *Row) Key() Item { return Item{names[id]: r[id]} }

func (r *Row) len() int {
	n := 0
	for _, av := range r {
		if av != nil {
			n++
		}
	}
	return n
}

// maxSize is the size of the largest item that DynamoDB keeps, in bytes, names included.
const maxSize = 400 * 1024

// size returns the size of r as DynamoDB counts it, in bytes.
func (r *Row) size() int {
	size := 0
	for a, av := range r {
		if av != nil {
			size += len(names[a]) + attribute.SizeOf(av)
		}
	}
	return size
}

// Replace returns the parts of an UpdateItem that sets the attributes of r and removes those that
// it lacks. It doesn't touch the binding, nor attributes that are not ours. The names are shared:
// the caller must not change them.
func (r *Row) Replace() (expression *string, nameOf map[string]string, values Item) {
	values = make(Item, r.len()) // without the key, and with the condition's value
	present := 0
	for a, av := range r {
		if av != nil && attr(a).isReplaced() {
			values[valueRefs[a]] = av
			present |= 1 << a
		}
	}
	return replaceExpression(present), replaceNames, values
}

// expressions has the expressions made so far, by the attributes that are present. A service uses
// only a few.
var expressions struct {
	sync.RWMutex
	made map[int]*string
}

// replaceExpression returns the expression that sets the attributes whose bits are set, and removes
// the others.
func replaceExpression(present int) *string {
	expressions.RLock()
	made := expressions.made[present]
	expressions.RUnlock()
	if made != nil {
		return made
	}
	var set, remove []string
	for a, name := range names {
		switch {
		case !attr(a).isReplaced():
		case present&(1<<a) != 0:
			set = append(set, "#"+name+" = :"+name)
		default:
			remove = append(remove, "#"+name)
		}
	}
	text := "SET " + strings.Join(set, ", ")
	if len(remove) > 0 {
		text += " REMOVE " + strings.Join(remove, ", ")
	}
	expressions.Lock()
	defer expressions.Unlock()
	if expressions.made == nil {
		expressions.made = map[int]*string{}
	}
	expressions.made[present] = &text
	return &text
}
