//go:build go1.27 && goexperiment.jsonv2

package shape

import (
	"encoding/json/v2"
	"reflect"
)

// streamMethods are the methods that encoding/json prefers since Go 1.27, where it is implemented
// by encoding/json/v2.
var streamMethods = []Methods{{reflect.TypeFor[json.MarshalerTo](), reflect.TypeFor[json.UnmarshalerFrom](), "MarshalJSONTo"}}
