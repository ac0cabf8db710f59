package codec_test

import (
	"testing"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/codectest"
	"github.com/dynasession/dynasession/codec/msgpack"
)

// Types that contain themselves, by more maps than one.
type (
	oldFolders map[string]oldFolder
	oldFolder  struct {
		Name string
		Sub  map[string]oldFolders `json:",omitempty"`
		Ptr  map[string]*oldFolders
	}
	newFolders map[string]newFolder
	newFolder  struct {
		Name, Color string
		Sub         map[string]newFolders `json:",omitempty"`
		Ptr         map[string]*newFolders
	}
)

func TestKeepers_OfMapsThatContainThemselves(t *testing.T) {
	deep := newFolders{"c": {Name: "n", Color: "red"}}
	v := newFolders{"a": {Name: "n", Color: "blue", Sub: map[string]newFolders{"b": deep}, Ptr: map[string]*newFolders{"p": &deep}}}
	type older struct{ Root oldFolders }
	type newer struct{ Root newFolders }
	codectest.RunKeeper(t, codec.JSON[oldFolders]{}, codec.JSON[newFolders]{}, v)
	codectest.RunKeeper(t, codec.JSON[older]{}, codec.JSON[newer]{}, newer{v})
	codectest.RunKeeper(t, msgpack.Codec[oldFolders]{}, msgpack.Codec[newFolders]{}, v)
	codectest.RunKeeper(t, msgpack.Codec[older]{}, msgpack.Codec[newer]{}, newer{v})
	codectest.RunKeeper(t, attribute.Codec[oldFolders]{}, attribute.Codec[newFolders]{}, v)
	codectest.RunKeeper(t, attribute.Codec[older]{}, attribute.Codec[newer]{}, newer{v})
}
