package sessions_test

import (
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
)

func TestConfigDefaults(t *testing.T) {
	is := is.New(t)
	for _, cfg := range []*sessions.Config[cart]{nil, {}} {
		m, err := sessions.New(memstore.New(nil), cfg)
		is.NoErr(err)
		s := m.Create()
		is.Equal(s.IdleTimeout, 2*time.Hour)
		is.Equal(s.AbsoluteTimeout, 12*time.Hour)
		is.Equal(len(s.ID().Secret()), 43)               // 32 random bytes
		is.True(time.Since(s.CreatedAt()) < time.Minute) // the system clock
		is.Equal(s.CreatedAt().Location(), time.UTC)     // in UTC
		is.Equal(s.CreatedAt().Nanosecond()%1000, 0)     // to the microsecond
		is.Equal(s.ExpiresAt(), s.CreatedAt().Truncate(time.Second).Add(2*time.Hour))
	}
}

// An error names the field and the bound that it breaks; nothing is corrected silently.
func TestConfigErrorsNameFieldAndBound(t *testing.T) {
	short := []byte("15 bytes, short")
	for name, c := range map[string]struct {
		cfg  sessions.Config[cart]
		want []string
	}{
		"negative idle":         {sessions.Config[cart]{IdleTimeout: -time.Second}, []string{"Config.IdleTimeout", "-1s", "at least 1s"}},
		"sub-second idle":       {sessions.Config[cart]{IdleTimeout: 999 * time.Millisecond}, []string{"Config.IdleTimeout", "999ms", "whole seconds"}},
		"fractional idle":       {sessions.Config[cart]{IdleTimeout: 1500 * time.Millisecond}, []string{"Config.IdleTimeout", "1.5s", "whole seconds"}},
		"negative absolute":     {sessions.Config[cart]{AbsoluteTimeout: -1}, []string{"Config.AbsoluteTimeout", "-1ns", "at least 1s"}},
		"fractional absolute":   {sessions.Config[cart]{AbsoluteTimeout: time.Hour + 1}, []string{"Config.AbsoluteTimeout", "whole seconds"}},
		"touch as long as idle": {sessions.Config[cart]{TouchInterval: 2 * time.Hour}, []string{"Config.TouchInterval", "2h0m0s", "shorter than IdleTimeout"}},
		"IDs too short":         {sessions.Config[cart]{IDs: sessions.RandomIDs(15)}, []string{"Config.IDs", "15", "at least 16"}},
		"IDs too long":          {sessions.Config[cart]{IDs: sessions.RandomIDs(1025)}, []string{"Config.IDs", "1025", "at most 1024"}},
		"signed IDs too short":  {sessions.Config[cart]{IDs: sessions.SignedIDs(8, newKey)}, []string{"Config.IDs", "8", "at least 16"}},
		"no key":                {sessions.Config[cart]{IDs: sessions.SignedIDs(32)}, []string{"Config.IDs", "at least one key"}},
		"a short key":           {sessions.Config[cart]{IDs: sessions.SignedIDs(32, newKey, short)}, []string{"Config.IDs", "key 1", "15 bytes", "at least 16"}},
		"former tables, clear":  {sessions.Config[cart]{FormerTables: []string{"old"}}, []string{"Config.FormerTables", "requires an AEAD"}},
		"former without a name": {sessions.Config[cart]{AEAD: gcm{}, FormerTables: []string{"old", ""}}, []string{"Config.FormerTables", "empty name"}},
		"negative PeekFor":      {sessions.Config[cart]{PeekFor: -time.Second}, []string{"Config.PeekFor", "-1s", "at least 1ms"}},
		"PeekFor too short":     {sessions.Config[cart]{PeekFor: 5}, []string{"Config.PeekFor", "5ns", "at least 1ms"}},
		"PeekFor too long":      {sessions.Config[cart]{PeekFor: time.Minute + 1}, []string{"Config.PeekFor", "at most 1m0s"}},
		"PeekFor beyond idle":   {sessions.Config[cart]{PeekFor: 3 * time.Second, IdleTimeout: 2 * time.Second}, []string{"Config.PeekFor", "at most IdleTimeout, 2s"}},
		"PeekBytes alone":       {sessions.Config[cart]{PeekBytes: 1 << 20}, []string{"Config.PeekBytes", "with PeekFor"}},
		"PeekBytes too few":     {sessions.Config[cart]{PeekFor: time.Second, PeekBytes: 65535}, []string{"Config.PeekBytes", "65535", "at least 65536"}},
		"negative PeekBytes":    {sessions.Config[cart]{PeekFor: time.Second, PeekBytes: -1}, []string{"Config.PeekBytes", "-1", "at least 65536"}},
		"nil pointer as clock":  {sessions.Config[cart]{Clock: (*clock.Fake)(nil)}, []string{"Config.Clock", "is nil"}},
		"nil pointer as codec":  {sessions.Config[cart]{Codec: (*codec.JSON[cart])(nil)}, []string{"Config.Codec", "is nil"}},
		"nil pointer as AEAD":   {sessions.Config[cart]{AEAD: (*gcm)(nil)}, []string{"Config.AEAD", "is nil"}},
		"nil pointer, observer": {sessions.Config[cart]{Observer: (*witness)(nil)}, []string{"Config.Observer", "is nil"}},
		"nil codec in Upgrade":  {sessions.Config[cart]{Codec: codec.Upgrade(codec.JSON[cart]{}, nil)}, []string{"Config.Codec", "nil"}},
		"nil target of Upgrade": {sessions.Config[cart]{Codec: codec.Upgrade[cart](nil)}, []string{"Config.Codec", "nil"}},
	} {
		m, err := sessions.New(memstore.New(nil), &c.cfg)
		if err == nil || m != nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q lacks %q", name, err, want)
			}
		}
	}
}

func TestConfigErrorsShowNoKey(t *testing.T) {
	is := is.New(t)
	_, err := sessions.New(memstore.New(nil), &sessions.Config[cart]{IDs: sessions.SignedIDs(32, []byte("my-secret"))})
	is.True(err != nil)
	is.True(!strings.Contains(err.Error(), "my-secret")) // even a short key is a secret
}

func TestConfigAcceptsItsEdges(t *testing.T) {
	is := is.New(t)
	for _, cfg := range []sessions.Config[cart]{
		{IdleTimeout: time.Second, AbsoluteTimeout: time.Second},
		{IdleTimeout: 24 * time.Hour, AbsoluteTimeout: time.Hour}, // it never idles out
		{TouchInterval: -1},
		{TouchInterval: 2*time.Hour - 1},
		{PeekFor: time.Millisecond, PeekBytes: 64 << 10},
		{PeekFor: time.Minute},
		{PeekFor: 2 * time.Second, IdleTimeout: 2 * time.Second},
		{IDs: sessions.RandomIDs(16)},
		{IDs: sessions.RandomIDs(1024)},
		{IDs: sessions.SignedIDs(16, newKey[:16])},
	} {
		_, err := sessions.New(memstore.New(nil), &cfg)
		is.NoErr(err)
	}
}

func TestConfigIsNotChangedByNew(t *testing.T) {
	is := is.New(t)
	cfg := sessions.Config[cart]{}
	_, err := sessions.New(memstore.New(nil), &cfg)
	is.NoErr(err)
	is.Equal(cfg, sessions.Config[cart]{}) // New doesn't write defaults into the caller's Config
}
