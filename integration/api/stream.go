package main

import (
	"context"
	"net/http"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// statusSignedOut is the code with which a WebSocket is closed when its session has ended. Codes
// from 4000 to 4999 are for applications.
const statusSignedOut = 4401

// stream sends the time until the session ends or the client leaves. websocket.Accept refuses a
// handshake whose Origin is another host.
func (a *api) stream(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has written a response
	}
	defer conn.CloseNow()
	ctx, cancel := context.WithCancel(conn.CloseRead(r.Context())) // done when the client leaves
	defer cancel()

	ended := make(chan error, 1)
	go func() { ended <- a.sess.WaitEnd(ctx) }()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ended: // it may have been renewed: then the client connects again with its new ID
			if ctx.Err() == nil {
				_ = conn.Close(statusSignedOut, "the session has ended")
			}
			return
		case now := <-tick.C:
			if err := wsjson.Write(ctx, conn, map[string]time.Time{"now": now.UTC()}); err != nil {
				cancel()
				<-ended
				return
			}
		}
	}
}
