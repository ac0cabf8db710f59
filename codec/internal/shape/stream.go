//go:build !go1.27 || !goexperiment.jsonv2

package shape

// streamMethods is empty: this program's encoding/json doesn't know MarshalJSONTo.
var streamMethods []Methods
