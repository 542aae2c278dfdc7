/* The server side of the benches: answers every POST with 200 and a fixed body after a fixed latency.
 *
 *   stub LATENCY_MS BODY_FILE [CERTIFICATE KEY]
 *
 * prints its port and serves until its standard input is closed. One thread, epoll, keep-alive
 * without pipelining. Written to cost little, so that what is measured is the client.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CONNECTIONS = 4096, MOST_REQUEST = 300 * 1024 };

typedef struct {
    SSL *ssl;
    char *data;
    size_t length;
    int handshaken;
} Connection;

typedef struct {
    int fd;
    double due;
} Pending;

static Connection connections[MOST_CONNECTIONS];
static Pending queue[MOST_CONNECTIONS];
static unsigned queue_head, queue_tail;
static char answer[64 * 1024];
static int answer_length;

static double now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec + at.tv_nsec / 1e9;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void make_answer(const char *body_file) {
    char body[60 * 1024];
    FILE *file = fopen(body_file, "r");
    if (!file) fail(body_file);
    int length = (int)fread(body, 1, sizeof body, file);
    fclose(file);
    answer_length = snprintf(answer, sizeof answer,
                             "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
                             "Content-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n"
                             "Connection: keep-alive\r\nx-amzn-RequestId: 0\r\n\r\n",
                             length);
    memcpy(answer + answer_length, body, (size_t)length);
    answer_length += length;
}

static void drop(int fd) {
    Connection *connection = &connections[fd];
    if (connection->ssl) SSL_free(connection->ssl);
    free(connection->data);
    memset(connection, 0, sizeof *connection);
    close(fd);
}

static void reply(int fd) {
    Connection *connection = &connections[fd];
    if (!connection->data) return;
    int sent = connection->ssl ? SSL_write(connection->ssl, answer, answer_length)
                               : (int)write(fd, answer, (size_t)answer_length);
    if (sent != answer_length) drop(fd);
}

/* Length of the first whole request in the buffer, 0 if there is none yet. */
static size_t whole_request(Connection *connection) {
    connection->data[connection->length] = 0;
    char *end = strstr(connection->data, "\r\n\r\n");
    if (!end) return 0;
    char *field = strcasestr(connection->data, "\r\ncontent-length:");
    size_t body = field && field < end ? strtoul(field + 17, NULL, 10) : 0;
    size_t total = (size_t)(end + 4 - connection->data) + body;
    return connection->length >= total ? total : 0;
}

static int receive(int fd) {
    Connection *connection = &connections[fd];
    if (connection->ssl && !connection->handshaken) {
        int done = SSL_accept(connection->ssl);
        if (done != 1) return SSL_get_error(connection->ssl, done) == SSL_ERROR_WANT_READ;
        connection->handshaken = 1;
    }
    for (;;) {
        size_t room = MOST_REQUEST - connection->length;
        char *at = connection->data + connection->length;
        int got = connection->ssl ? SSL_read(connection->ssl, at, (int)room) : (int)read(fd, at, room);
        if (got <= 0) {
            if (connection->ssl) return SSL_get_error(connection->ssl, got) == SSL_ERROR_WANT_READ;
            return got < 0 && errno == EAGAIN;
        }
        connection->length += (size_t)got;
        if (!connection->ssl) return 1;
    }
}

static void take_requests(int fd, double latency) {
    Connection *connection = &connections[fd];
    size_t total;
    while (connection->data && (total = whole_request(connection))) {
        memmove(connection->data, connection->data + total, connection->length - total);
        connection->length -= total;
        if (latency == 0) {
            reply(fd);
        } else {
            queue[queue_tail++ % MOST_CONNECTIONS] = (Pending){fd, now() + latency};
        }
    }
}

static void welcome(int poll, int listener, SSL_CTX *tls) {
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connections[fd].data = malloc(MOST_REQUEST + 1);
        if (tls) {
            connections[fd].ssl = SSL_new(tls);
            SSL_set_fd(connections[fd].ssl, fd);
        }
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
    }
}

static void set_timer(int timer) {
    struct itimerspec at = {0};
    if (queue_head != queue_tail) {
        double due = queue[queue_head % MOST_CONNECTIONS].due;
        at.it_value.tv_sec = (time_t)due;
        at.it_value.tv_nsec = (long)((due - (double)(time_t)due) * 1e9) + 1;
    }
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
}

static int listen_somewhere(void) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 1024)) fail("listen");
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

int main(int count, char **arguments) {
    if (count != 3 && count != 5) return fprintf(stderr, "usage: see the source\n"), 2;
    signal(SIGPIPE, SIG_IGN);
    double latency = atof(arguments[1]) / 1000;
    make_answer(arguments[2]);
    SSL_CTX *tls = NULL;
    if (count == 5) {
        tls = SSL_CTX_new(TLS_server_method());
        if (SSL_CTX_use_certificate_chain_file(tls, arguments[3]) != 1 ||
            SSL_CTX_use_PrivateKey_file(tls, arguments[4], SSL_FILETYPE_PEM) != 1)
            fail("certificate");
    }
    int poll = epoll_create1(0), listener = listen_somewhere();
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    int watched[] = {listener, timer, STDIN_FILENO};
    for (int i = 0; i < 3; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = watched[i]};
        if (epoll_ctl(poll, EPOLL_CTL_ADD, watched[i], &event)) fail("epoll");
    }
    for (;;) {
        struct epoll_event events[256];
        int ready = epoll_wait(poll, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == STDIN_FILENO) return 0;
            if (fd == listener) {
                welcome(poll, listener, tls);
            } else if (fd != timer) {
                if (receive(fd)) take_requests(fd, latency);
                else drop(fd);
            }
        }
        while (queue_head != queue_tail && queue[queue_head % MOST_CONNECTIONS].due <= now())
            reply(queue[queue_head++ % MOST_CONNECTIONS].fd);
        if (latency > 0) set_timer(timer);
    }
}
