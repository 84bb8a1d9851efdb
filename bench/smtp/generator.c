/*
 * An SMTP load generator that is never the bottleneck: one thread, epoll, no allocation while it runs.
 *
 *   generator HOST PORT MODE CONNECTIONS MESSAGES SIZE [awake]
 *
 * SIZE is in octets, or the name of a file that holds the message: lines end with CRLF, and none begins with a dot.
 *
 * MODE: lockstep   each command waits for its reply
 *       pipelined  the body goes together with the next message's MAIL, RCPT and DATA (RFC 2920)
 *       bdat       MAIL, RCPT, BDAT LAST and the body in one go (RFC 3030)
 *       connect    one message for each connection, CONNECTIONS at once
 *
 * awake: on a core of its own, it looks for replies all the time. One that sleeps is woken up by the server's write, and on
 * a virtual machine that costs the server tens of microseconds: the slower a server, the more often.
 *
 * Prints one line of JSON: {"messages": n, "seconds": s, "rate": r}. Any reply but 2xx and 3xx ends it with status 1.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef struct {
  const char *data;
  size_t size;
  int replies; /* to wait for after it is written */
  int done;    /* messages that are through when they have come */
} Step;

typedef struct {
  int fd;
  int step;
  size_t written;
  int waiting;
  int column, final; /* where in a reply line we are */
  char code;
} Connection;

static Step steps[16];
static int step_count, loop_start; /* after the last step: back to loop_start */
static struct sockaddr_in address;
static int epoll;
static long wanted, started, finished;
static int reconnects;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void step(char *data, size_t size, int replies, int done) {
  steps[step_count++] = (Step){data, size, replies, done};
}

static char *text(const char *s) { return strdup(s); }

/* A message of lines of x. */
static char *plain(size_t size, size_t *length) {
  const char *header = "From: Bob <bob@example.test>\r\nTo: Alice <alice@example.test>\r\nSubject: load\r\n\r\n";
  char *body = malloc(size + 128);
  size_t n = strlen(header);
  memcpy(body, header, n);
  while (n < size) {
    size_t line = size - n > 78 ? 76 : size - n > 2 ? size - n - 2 : 0;
    memset(body + n, 'x', line);
    memcpy(body + n + line, "\r\n", 2);
    n += line + 2;
  }
  *length = n;
  return body;
}

static char *from_file(const char *name, size_t *length) {
  FILE *file = fopen(name, "rb");
  if (!file) fail(name);
  fseek(file, 0, SEEK_END);
  *length = ftell(file);
  rewind(file);
  char *body = malloc(*length);
  if (fread(body, 1, *length, file) != *length) fail(name);
  fclose(file);
  return body;
}

static void make_steps(const char *mode, const char *what) {
  static const char *envelope = "MAIL FROM:<bob@example.test>\r\nRCPT TO:<alice@example.test>\r\n";
  size_t n;
  char *body = *what >= '0' && *what <= '9' ? plain(strtoul(what, 0, 10), &n) : from_file(what, &n);
  step(text(""), 0, 1, 0); /* the greeting */
  step(text("EHLO generator.example\r\n"), 24, 1, 0);
  loop_start = 2;
  char *all = malloc(2 * n + 1024);
  if (!strcmp(mode, "lockstep") || !strcmp(mode, "connect")) {
    step(text("MAIL FROM:<bob@example.test>\r\n"), 30, 1, 0);
    step(text("RCPT TO:<alice@example.test>\r\n"), 30, 1, 0);
    step(text("DATA\r\n"), 6, 1, 0);
    memcpy(all, body, n);
    memcpy(all + n, ".\r\n", 3);
    step(all, n + 3, 1, 1);
    if (!strcmp(mode, "connect")) {
      reconnects = 1;
      step(text("QUIT\r\n"), 6, 1, 0);
    }
  } else if (!strcmp(mode, "pipelined")) {
    char *first = malloc(256);
    int f = sprintf(first, "%sDATA\r\n", envelope);
    step(first, f, 3, 0);
    loop_start = 3;
    memcpy(all, body, n);
    memcpy(all + n, ".\r\n", 3);
    memcpy(all + n + 3, first, f);
    step(all, n + 3 + f, 4, 1);
  } else if (!strcmp(mode, "bdat")) {
    int f = sprintf(all, "%sBDAT %zu LAST\r\n", envelope, n);
    memcpy(all + f, body, n);
    step(all, f + n, 3, 1);
  } else {
    fprintf(stderr, "unknown mode %s\n", mode);
    exit(2);
  }
}

static void dial(Connection *c) {
  int one = 1;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (c->fd < 0) fail("socket");
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS) fail("connect");
  c->step = 0;
  c->written = 0;
  c->waiting = steps[0].replies;
  c->column = c->final = 0;
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) < 0) fail("epoll_ctl");
}

static void send_step(Connection *c) {
  Step *s = &steps[c->step];
  while (c->written < s->size) {
    ssize_t n = write(c->fd, s->data + c->written, s->size - c->written);
    if (n < 0 && (errno == EAGAIN || errno == ENOTCONN)) return;
    if (n < 0) fail("write");
    c->written += n;
  }
}

/* All replies of a step have come: go to the next one, or let the connection go. */
static void advance(Connection *c) {
  finished += steps[c->step].done;
  int next = c->step + 1;
  if (next == step_count) {
    if (reconnects) {
      close(c->fd);
      c->fd = -1;
      if (started < wanted) {
        started++;
        dial(c);
      }
      return;
    }
    next = loop_start;
  }
  if (!reconnects && steps[next].done) {
    if (started >= wanted) {
      close(c->fd);
      c->fd = -1;
      return;
    }
    started++;
  }
  c->step = next;
  c->written = 0;
  c->waiting = steps[next].replies;
  send_step(c);
}

static void receive(Connection *c) {
  char buffer[65536];
  while (c->fd >= 0) {
    ssize_t n = read(c->fd, buffer, sizeof buffer);
    if (n < 0 && (errno == EAGAIN || errno == ENOTCONN)) return;
    if (n < 0) fail("read");
    if (n == 0) {
      fprintf(stderr, "the server closed a connection\n");
      exit(1);
    }
    int fd = c->fd;
    for (ssize_t i = 0; i < n; i++) {
      char b = buffer[i];
      if (c->column == 0) c->code = b;
      if (c->column == 3) c->final = b == ' ';
      c->column++;
      if (b != '\n') continue;
      c->column = 0;
      if (!c->final) continue;
      if (c->code != '2' && c->code != '3') {
        fprintf(stderr, "refused: %.*s\n", (int)n, buffer);
        exit(1);
      }
      if (--c->waiting == 0) {
        advance(c);
        if (c->fd != fd) return;
      }
    }
  }
}

/* As epoll_wait does with a limit of 10 s, asleep or awake. */
static int wait_for_events(struct epoll_event *events, int size, int awake) {
  if (!awake) return epoll_wait(epoll, events, size, 10000);
  double end = now() + 10;
  int n;
  do n = epoll_wait(epoll, events, size, 0);
  while (n == 0 && now() < end);
  return n;
}

int main(int argc, char **argv) {
  int awake = argc == 8 && !strcmp(argv[7], "awake");
  if (argc != 7 && !awake) {
    fprintf(stderr, "generator HOST PORT MODE CONNECTIONS MESSAGES SIZE [awake]\n");
    return 2;
  }
  address.sin_family = AF_INET;
  address.sin_port = htons(atoi(argv[2]));
  inet_pton(AF_INET, argv[1], &address.sin_addr);
  int connections = atoi(argv[4]);
  wanted = atol(argv[5]);
  make_steps(argv[3], argv[6]);
  epoll = epoll_create1(0);
  Connection *all = calloc(connections, sizeof *all);
  double begin = now();
  for (int i = 0; i < connections; i++) {
    if (reconnects) started++;
    dial(&all[i]);
  }
  struct epoll_event events[256];
  while (finished < wanted) {
    int n = wait_for_events(events, 256, awake);
    if (n == 0) {
      fprintf(stderr, "nothing happened for 10 s: %ld of %ld\n", finished, wanted);
      return 1;
    }
    for (int i = 0; i < n; i++) {
      Connection *c = events[i].data.ptr;
      if (c->fd >= 0 && events[i].events & EPOLLOUT) send_step(c);
      if (c->fd >= 0) receive(c);
    }
  }
  double seconds = now() - begin;
  printf("{\"messages\": %ld, \"seconds\": %.6f, \"rate\": %.1f}\n", finished, seconds, finished / seconds);
  return 0;
}
