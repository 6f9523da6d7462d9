// SPDX-License-Identifier: GPL-2.0-or-later

// A server on gVisor's netstack, which owns a link of this namespace: gvisor LINK ADDRESS GATEWAY
// PORT ACT. It does one thing with each connection, and says on its standard output what it did and
// to whom. The acts are those of lwip.c.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"

	"gvisor.dev/gvisor/pkg/log"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/fdbased"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"
)

const (
	nic      = 1
	allTypes = 0x0300 // ETH_P_ALL in network order
	answer   = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
)

func must(what string, err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "gvisor: %s: %v\n", what, err)
		os.Exit(1)
	}
}

// tcpip.Error is not an error.
func mustStack(what string, err tcpip.Error) {
	if err != nil {
		must(what, fmt.Errorf("%s", err))
	}
}

func address(text string) tcpip.Address {
	return tcpip.Address(net.ParseIP(text).To4())
}

func openLink(link *net.Interface) int {
	fd, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW, allTypes)
	must("packet socket", err)
	must("bind", syscall.Bind(fd, &syscall.SockaddrLinklayer{Protocol: allTypes,
		Ifindex: link.Index}))
	must("nonblock", syscall.SetNonblock(fd, true))
	return fd
}

func newStack(name, own, gateway string) *stack.Stack {
	link, err := net.InterfaceByName(name)
	must("link", err)
	endpoint, err := fdbased.New(&fdbased.Options{FDs: []int{openLink(link)}, MTU: 1500,
		EthernetHeader: true, Address: tcpip.LinkAddress(link.HardwareAddr)})
	must("link endpoint", err)
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, arp.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol},
	})
	mustStack("NIC", s.CreateNIC(nic, endpoint))
	mustStack("address", s.AddProtocolAddress(nic, tcpip.ProtocolAddress{
		Protocol:          ipv4.ProtocolNumber,
		AddressWithPrefix: tcpip.AddressWithPrefix{Address: address(own), PrefixLen: 24},
	}, stack.AddressProperties{}))
	s.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, Gateway: address(gateway),
		NIC: nic}})
	return s
}

// connection is one that was accepted.
type connection struct {
	endpoint tcpip.Endpoint
	queue    *waiter.Queue
	stream   *gonet.TCPConn
	peer     net.Addr // an endpoint that has failed knows it no more
}

func (c *connection) say(what string) {
	fmt.Printf("%s %s\n", what, c.peer)
}

// read is false when the peer has closed.
func (c *connection) read() bool {
	_, err := c.stream.Read(make([]byte, 65536))
	return err == nil
}

func (c *connection) exchange() bool {
	if !c.read() {
		return false
	}
	_, err := c.stream.Write([]byte(answer))
	return err == nil
}

func (c *connection) close(what string) {
	c.say(what)
	c.endpoint.Close()
}

func (c *connection) abort() {
	c.endpoint.SocketOptions().SetLinger(tcpip.LingerOption{Enabled: true})
	c.close("abort")
}

// probe asks after a second, a second apart, four times.
func (c *connection) probe() {
	idle, apart := tcpip.KeepaliveIdleOption(time.Second), tcpip.KeepaliveIntervalOption(time.Second)
	mustStack("idle", c.endpoint.SetSockOpt(&idle))
	mustStack("interval", c.endpoint.SetSockOpt(&apart))
	mustStack("count", c.endpoint.SetSockOptInt(tcpip.KeepaliveCountOption, 4))
	c.endpoint.SocketOptions().SetKeepAlive(true)
}

func (c *connection) waitForError() {
	buffer := make([]byte, 100)
	for {
		if _, err := c.stream.Read(buffer); err != nil {
			c.say("timeout")
			return
		}
	}
}

func (c *connection) play(act string) {
	switch act {
	case "answer": // until the peer closes
		for c.exchange() {
		}
		c.close("close")
	case "finish":
		c.exchange()
		c.close("close")
	case "abort":
		c.exchange()
		c.read()
		c.abort()
	case "unread":
		time.Sleep(300 * time.Millisecond)
		c.close("unread")
	case "probe":
		c.probe()
		c.exchange()
		c.waitForError()
	case "push": // into a path that is cut meanwhile
		patience := tcpip.TCPUserTimeoutOption(3 * time.Second)
		mustStack("user timeout", c.endpoint.SetSockOpt(&patience))
		c.exchange()
		time.Sleep(500 * time.Millisecond)
		_, _ = c.stream.Write([]byte(answer))
		c.waitForError()
	}
}

func listen(s *stack.Stack, own string, port int) (tcpip.Endpoint, chan struct{}) {
	queue := &waiter.Queue{}
	listener, err := s.NewEndpoint(tcp.ProtocolNumber, ipv4.ProtocolNumber, queue)
	mustStack("endpoint", err)
	mustStack("bind", listener.Bind(tcpip.FullAddress{NIC: nic, Addr: address(own),
		Port: uint16(port)}))
	mustStack("listen", listener.Listen(8))
	entry, ready := waiter.NewChannelEntry(waiter.ReadableEvents)
	queue.EventRegister(&entry)
	return listener, ready
}

func main() {
	if len(os.Args) != 6 {
		fmt.Fprintln(os.Stderr, "usage: gvisor LINK ADDRESS GATEWAY PORT ACT")
		os.Exit(2)
	}
	// gVisor warns of addresses that a closed endpoint does not have; our own errors do not pass it.
	log.SetTarget(log.GoogleEmitter{Writer: &log.Writer{Next: io.Discard}})
	port, err := strconv.Atoi(os.Args[4])
	must("port", err)
	listener, ready := listen(newStack(os.Args[1], os.Args[2], os.Args[3]), os.Args[2], port)
	fmt.Println("ready -")
	for {
		endpoint, queue, err := listener.Accept(nil)
		if _, none := err.(*tcpip.ErrWouldBlock); none {
			<-ready
			continue
		}
		mustStack("accept", err)
		stream := gonet.NewTCPConn(queue, endpoint)
		accepted := &connection{endpoint, queue, stream, stream.RemoteAddr()}
		go accepted.play(os.Args[5])
	}
}
