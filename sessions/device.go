package sessions

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// Device is what an application may note of where a session was begun, so that its user knows it again in the list of
// [Manager.Sessions]. Set [Session.Device] before [Manager.Authenticate]. Both texts together have at most 256 bytes of UTF-8.
type Device struct {
	Name string // such as "Firefox on Linux"
	IP   string // as the application knows it: behind a proxy, RemoteAddr is the proxy's
}

// maxDevice is the length of both texts of a Device, in bytes.
const maxDevice = 256

var errDevice = errors.New("invalid device")

func (d Device) check() error {
	if n := len(d.Name) + len(d.IP); n > maxDevice {
		return fmt.Errorf("%w: Session.Device has %d bytes, must have at most %d", errDevice, n, maxDevice)
	}
	if !utf8.ValidString(d.Name) || !utf8.ValidString(d.IP) {
		return fmt.Errorf("%w: Session.Device is not UTF-8", errDevice)
	}
	return nil
}
