/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A server on lwIP, which owns a link of this namespace: lwip LINK ADDRESS GATEWAY PORT ACT. It
 * does one thing with each connection, and says on its standard output what it did and to whom:
 *   answer   answers, and closes when the peer has closed
 *   finish   answers and closes
 *   abort    answers, and aborts at the second request
 *   unread   closes without reading the request
 *   probe    answers, and asks by keep-alive whether the peer is still there */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <lwip/etharp.h>
#include <lwip/netif.h>
#include <lwip/sys.h>
#include <lwip/tcp.h>
#include <lwip/tcpip.h>
#include <netif/ethernet.h>

enum {
    FRAME = 2048,
    HALF_SECONDS_UNTIL_CLOSE = 1
};

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/* The link, and the one thing that is done with connections. */
struct peer {
    const char *act;
    int socket;
    uint8_t hardware[ETH_ALEN];
    ip_addr_t address, mask, gateway;
    uint16_t port;
    struct netif netif;
    sys_sem_t started;
};

struct connection {
    const char *act;
    struct tcp_pcb *pcb;
    char name[48]; /* of the other end: the pcb is gone when an error is told */
    int requests;
};

static void fail(const char *what)
{
    fprintf(stderr, "lwip: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static void say(const char *what, const struct connection *connection)
{
    printf("%s %s\n", what, connection->name);
    fflush(stdout);
}

/* The connection is not ours any more: lwIP may call nothing of it. */
static void forget(struct connection *connection)
{
    tcp_arg(connection->pcb, NULL);
    tcp_recv(connection->pcb, NULL);
    tcp_err(connection->pcb, NULL);
    tcp_poll(connection->pcb, NULL, 0);
}

static err_t end_by_close(struct connection *connection, const char *what)
{
    struct tcp_pcb *pcb = connection->pcb;

    say(what, connection);
    forget(connection);
    free(connection);
    return tcp_close(pcb);
}

static err_t end_by_abort(struct connection *connection)
{
    struct tcp_pcb *pcb = connection->pcb;

    say("abort", connection);
    forget(connection);
    free(connection);
    tcp_abort(pcb);
    return ERR_ABRT;
}

static void on_error(void *arg, err_t error)
{
    struct connection *connection = arg;

    if (error == ERR_ABRT)
        say("timeout", connection);
    free(connection);
}

static err_t on_request(struct connection *connection)
{
    connection->requests++;
    if (strcmp(connection->act, "abort") == 0 && connection->requests > 1)
        return end_by_abort(connection);
    tcp_write(connection->pcb, answer, sizeof answer - 1, TCP_WRITE_FLAG_COPY);
    tcp_output(connection->pcb);
    if (strcmp(connection->act, "finish") == 0)
        return end_by_close(connection, "close");
    return ERR_OK;
}

static err_t on_data(void *arg, struct tcp_pcb *pcb, struct pbuf *data, err_t error)
{
    struct connection *connection = arg;

    if (error != ERR_OK)
        return error;
    if (!data)
        return end_by_close(connection, "close");
    if (strcmp(connection->act, "unread") == 0) {
        pbuf_free(data); /* for lwIP it stays unread: nobody calls tcp_recved() */
        return ERR_OK;
    }
    tcp_recved(pcb, data->tot_len);
    pbuf_free(data);
    return on_request(connection);
}

static err_t on_poll(void *arg, struct tcp_pcb *pcb)
{
    struct connection *connection = arg;

    (void)pcb;
    if (strcmp(connection->act, "unread") == 0)
        return end_by_close(connection, "unread");
    return ERR_OK;
}

static void probe_early(struct tcp_pcb *pcb)
{
    ip_set_option(pcb, SOF_KEEPALIVE);
    pcb->keep_idle = 1000;
    pcb->keep_intvl = 1000;
    pcb->keep_cnt = 2;
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t error)
{
    struct connection *connection = calloc(1, sizeof *connection);

    if (error != ERR_OK || !connection)
        return ERR_MEM;
    connection->act = arg;
    connection->pcb = pcb;
    snprintf(connection->name, sizeof connection->name, "%s:%u", ipaddr_ntoa(&pcb->remote_ip),
             (unsigned)pcb->remote_port);
    tcp_arg(pcb, connection);
    tcp_recv(pcb, on_data);
    tcp_err(pcb, on_error);
    tcp_poll(pcb, on_poll, HALF_SECONDS_UNTIL_CLOSE);
    if (strcmp(connection->act, "probe") == 0)
        probe_early(pcb);
    return ERR_OK;
}

/* ---- the link ---- */

static err_t link_output(struct netif *netif, struct pbuf *data)
{
    const struct peer *peer = netif->state;
    uint8_t frame[FRAME];
    uint16_t size = pbuf_copy_partial(data, frame, sizeof frame, 0);

    return send(peer->socket, frame, size, 0) == size ? ERR_OK : ERR_IF;
}

static err_t link_init(struct netif *netif)
{
    const struct peer *peer = netif->state;

    netif->name[0] = 'p';
    netif->name[1] = 'k';
    netif->output = etharp_output;
    netif->linkoutput = link_output;
    netif->mtu = 1500;
    netif->hwaddr_len = ETH_ALEN;
    memcpy(netif->hwaddr, peer->hardware, ETH_ALEN);
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
    return ERR_OK;
}

/* Everything that comes to the link, for ever. */
static void receive(struct peer *peer)
{
    uint8_t frame[FRAME];
    ssize_t size;

    while ((size = recv(peer->socket, frame, sizeof frame, 0)) >= 0) {
        struct pbuf *data = pbuf_alloc(PBUF_RAW, (uint16_t)size, PBUF_POOL);

        if (!data)
            continue;
        pbuf_take(data, frame, (uint16_t)size);
        if (peer->netif.input(data, &peer->netif) != ERR_OK)
            pbuf_free(data);
    }
    fail("receive");
}

static void open_link(struct peer *peer, const char *name)
{
    struct ifreq request = {0};
    struct sockaddr_ll link = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};

    peer->socket = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    if (peer->socket < 0 || ioctl(peer->socket, SIOCGIFHWADDR, &request))
        fail(name);
    memcpy(peer->hardware, request.ifr_hwaddr.sa_data, ETH_ALEN);
    link.sll_ifindex = (int)if_nametoindex(name);
    if (bind(peer->socket, (struct sockaddr *)&link, sizeof link))
        fail(name);
}

/* ---- the stack ---- */

/* In lwIP's own thread, as its raw interface wants it. */
static void start(void *arg)
{
    struct peer *peer = arg;
    struct tcp_pcb *listener = tcp_new();

    netif_add(&peer->netif, ip_2_ip4(&peer->address), ip_2_ip4(&peer->mask),
              ip_2_ip4(&peer->gateway), peer, link_init, tcpip_input);
    netif_set_default(&peer->netif);
    netif_set_up(&peer->netif);
    netif_set_link_up(&peer->netif);
    if (tcp_bind(listener, &peer->address, peer->port) != ERR_OK)
        fail("bind");
    listener = tcp_listen(listener);
    tcp_arg(listener, (void *)(uintptr_t)peer->act);
    tcp_accept(listener, on_accept);
    printf("ready -\n");
    fflush(stdout);
    sys_sem_signal(&peer->started);
}

int main(int argc, char **argv)
{
    struct peer peer = {0};

    if (argc != 6) {
        fprintf(stderr, "usage: lwip LINK ADDRESS GATEWAY PORT ACT\n");
        return 2;
    }
    open_link(&peer, argv[1]);
    ipaddr_aton(argv[2], &peer.address);
    ipaddr_aton(argv[3], &peer.gateway);
    ipaddr_aton("255.255.255.0", &peer.mask);
    peer.port = (uint16_t)strtoul(argv[4], NULL, 10);
    peer.act = argv[5];
    if (sys_sem_new(&peer.started, 0) != ERR_OK)
        fail("semaphore");
    tcpip_init(start, &peer);
    sys_arch_sem_wait(&peer.started, 0);
    receive(&peer);
}
