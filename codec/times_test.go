package codec_test

import (
	"testing"
	"time"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/codectest"
	"github.com/dynasession/dynasession/codec/msgpack"
)

// A text in the form of RFC 3339 has no seconds in its offset from UTC. In most zones the local
// time had some until about 1900, so the zero time has them too.
func TestCodecs_KeepTimesInZonesOfOddSeconds(t *testing.T) {
	type visit struct {
		At   time.Time
		Born *time.Time
		Seen map[string][]time.Time
	}
	berlin := time.FixedZone("LMT", 53*60+28)
	born := time.Date(1885, 1, 1, 0, 0, 0, 1, berlin)
	values := []visit{
		{At: time.Time{}.In(berlin)},
		{At: born, Born: &born, Seen: map[string][]time.Time{"a": {born, time.Unix(0, 0).In(time.FixedZone("", -1))}}},
	}
	codectest.Run(t, codec.JSON[visit]{}, values...)
	codectest.Run(t, attribute.Codec[visit]{}, values...)
	codectest.Run(t, msgpack.Codec[visit]{}, values...)
	codectest.Run(t, codec.JSON[*time.Time]{}, &born)
	codectest.Run(t, attribute.Codec[[]time.Time]{}, []time.Time{born})
}

type stamp time.Time // the native codec keeps it

func TestCodecs_KeepOtherTypesOfTimeInSuchZones(t *testing.T) {
	c := attribute.Codec[map[string]*stamp]{}
	at := time.Date(1885, 1, 1, 0, 0, 0, 1, time.FixedZone("LMT", 53*60+28))
	p, err := c.Encode(map[string]*stamp{"a": (*stamp)(&at)})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Decode(p)
	if err != nil || !time.Time(*got["a"]).Equal(at) {
		t.Errorf("got %v, %v, want %v", got, err, at)
	}
}
