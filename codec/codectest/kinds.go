package codectest

import "time"

// Scalars has a field of each scalar type.
type Scalars struct {
	Bool    bool
	Int     int
	Int8    int8
	Int16   int16
	Int32   int32
	Int64   int64
	Uint    uint
	Uint8   uint8
	Uint16  uint16
	Uint32  uint32
	Uint64  uint64
	Float32 float32
	Float64 float64
	String  string
}

// Blobs holds bytes of several forms.
type Blobs struct {
	Nil, Empty, Some []byte
	Array            [4]byte
}

// Times holds times.
type Times struct {
	Zero, Moment, Zoned time.Time
	Pointer             *time.Time
}

// Collections holds slices, arrays and maps, some nil and some empty.
type Collections struct {
	NilSlice, EmptySlice, Strings []string
	Ints                          []int64
	Array                         [3]int
	Structs                       []Inner
	NilMap, EmptyMap, Counts      map[string]int
	Flags                         map[string]bool
	ByNumber                      map[int]string
	Deep                          map[string]map[string][]Inner
}

// Inner is a struct inside others.
type Inner struct {
	Name  string
	Count int
}

// Pointers holds pointers, some to pointers.
type Pointers struct {
	Nil, Zero, Some *int
	Struct          *Inner
	Double          **int
	List            *Node
}

// Node is a linked list.
type Node struct {
	Value string
	Next  *Node
}

// Embedding embeds a struct.
type Embedding struct {
	Inner
	hidden
	Own string
}

type hidden struct{ Shown string }

// Tagged has tags: Skipped is not stored.
type Tagged struct {
	Renamed string `json:"n"`
	Skipped string `json:"-"`
	Omitted string `json:"o,omitempty"`
}

// Older is Newer without its newest field.
type Older struct {
	Kept    string
	Dropped string
}

// Newer is Older with one more field.
type Newer struct {
	Kept  string
	Added int
}

// Open holds interfaces, whose types are known at run time only.
type Open struct {
	Any  any
	List []any
	Map  map[string]any
}

// Unstorable has fields that no codec can store.
type Unstorable struct {
	Name string
	Chan chan int
}
