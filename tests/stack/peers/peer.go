// SPDX-License-Identifier: GPL-2.0-or-later

// One TLS connection of Go's crypto/tls, as client or server: peer client|server HOST PORT KEY=VALUE...
// Prints "ok VERSION" or "error TEXT", which is the truth that a recording is held against.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
)

const request = "GET / HTTP/1.0\r\nHost: peer\r\n\r\n"
const response = "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"

var versions = map[string]uint16{"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11,
	"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

func check(err error) {
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
}

func options(words []string) map[string]string {
	given := map[string]string{}
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		given[key] = value
	}
	return given
}

func pool(file string) *x509.CertPool {
	if file == "" {
		return nil
	}
	text, err := os.ReadFile(file)
	check(err)
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(text)
	return trusted
}

func configuration(given map[string]string) *tls.Config {
	config := &tls.Config{ServerName: given["name"], RootCAs: pool(given["ca"]),
		ClientCAs: pool(given["ca"]), MinVersion: tls.VersionTLS10}
	if version, known := versions[given["min"]]; known {
		config.MinVersion = version
	}
	config.MaxVersion = versions[given["max"]]
	config.InsecureSkipVerify = given["verify"] == "no"
	if given["alpn"] != "" {
		config.NextProtos = []string{given["alpn"]}
	}
	if given["ask"] == "yes" {
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	if given["cert"] != "" {
		pair, err := tls.LoadX509KeyPair(given["cert"], given["key"])
		check(err)
		config.Certificates = []tls.Certificate{pair}
	}
	if given["keylog"] != "" {
		file, err := os.OpenFile(given["keylog"], os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		check(err)
		config.KeyLogWriter = file
	}
	return config
}

func main() {
	given := options(os.Args[4:])
	config := configuration(given)
	address := net.JoinHostPort(os.Args[2], os.Args[3])
	var talk *tls.Conn
	if os.Args[1] == "client" {
		plain, err := net.Dial("tcp", address)
		check(err)
		talk = tls.Client(plain, config)
	} else {
		listener, err := net.Listen("tcp", address)
		check(err)
		plain, err := listener.Accept()
		check(err)
		talk = tls.Server(plain, config)
	}
	err := talk.Handshake()
	if err == nil {
		err = converse(talk, os.Args[1] == "client")
	}
	talk.Close()
	check(err)
	fmt.Printf("ok %#x\n", talk.ConnectionState().Version)
}

func converse(talk *tls.Conn, client bool) error {
	if client {
		if _, err := io.WriteString(talk, request); err != nil {
			return err
		}
		_, err := io.ReadAll(talk)
		return err
	}
	if _, err := talk.Read(make([]byte, 4096)); err != nil {
		return err
	}
	_, err := io.WriteString(talk, response)
	return err
}
