package connection

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"
)

// trust says whom to believe. With pinned certificates only they count, else the system's roots.
//
// A clock that is hours wrong (a board without a battery, a virtual machine put back to a snapshot) must not cut a
// machine off. So a chain that ends in a pinned certificate and is wrong about nothing but the time is believed; with
// the system's roots, which vouch for anyone, the time counts always.
func trust(serverName string, pinned []*x509.Certificate, now func() time.Time) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		ServerName: serverName,
		// Go's own check knows no such exception; VerifyConnection below does all of it, and always.
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			return verify(state.PeerCertificates, serverName, pinned, now())
		},
	}
}

func verify(presented []*x509.Certificate, serverName string, pinned []*x509.Certificate, now time.Time) error {
	if len(presented) == 0 {
		return errors.New("the server showed no certificate")
	}
	options := x509.VerifyOptions{DNSName: serverName, CurrentTime: now, Intermediates: x509.NewCertPool()}
	for _, certificate := range presented[1:] {
		options.Intermediates.AddCert(certificate)
	}
	if len(pinned) > 0 {
		options.Roots = x509.NewCertPool()
		for _, certificate := range pinned {
			options.Roots.AddCert(certificate)
		}
	}
	_, failure := presented[0].Verify(options)
	if failure == nil || len(pinned) == 0 {
		return failure
	}
	// If the whole check passes at another moment, then the time alone was wrong. Where the lives of all certificates of a
	// chain overlap, they do so when the youngest of them begins.
	for _, certificate := range append(presented, pinned...) {
		options.CurrentTime = certificate.NotBefore
		if _, err := presented[0].Verify(options); err == nil {
			return nil
		}
	}
	return failure
}
