/* GMime over a corpus, decoded or structure only: the same work as worker.ts. Declared here, for Debian's runtime
   library comes without headers. Usage: gmime FILE decoded|structure SECONDS */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef void *P;
extern void g_mime_init(void);
extern P g_mime_stream_mem_new_with_buffer(const char *, size_t);
extern P g_mime_parser_new_with_stream(P);
extern P g_mime_parser_construct_message(P, P);
extern void g_object_unref(P);
extern const char *g_mime_message_get_subject(P);
extern P g_mime_message_get_addresses(P, int);
extern int internet_address_list_length(P);
extern P g_mime_message_get_date(P);
extern const char *g_mime_message_get_message_id(P);
extern void g_mime_message_foreach(P, void (*)(P, P, P), P);
extern unsigned long g_mime_part_get_type(void);
extern unsigned long g_mime_text_part_get_type(void);
extern int g_type_check_instance_is_a(P, unsigned long);
extern P g_mime_part_get_content(P);
extern const char *g_mime_part_get_filename(P);
extern char *g_mime_text_part_get_text(P);
extern void g_free(P);
extern P g_mime_stream_mem_new(void);
extern long g_mime_data_wrapper_write_to_stream(P, P);
extern P g_mime_object_get_header_list(P);
extern int g_mime_header_list_get_count(P);
extern P g_mime_header_list_get_header_at(P, int);
extern const char *g_mime_header_get_value(P);

static size_t sink;

static void part(P parent, P object, P data) {
  (void)parent;
  (void)data;
  if (!g_type_check_instance_is_a(object, g_mime_part_get_type())) return;
  if (g_mime_part_get_filename(object)) sink++;
  if (g_type_check_instance_is_a(object, g_mime_text_part_get_type())) {
    char *text = g_mime_text_part_get_text(object);
    if (text) sink += strlen(text);
    g_free(text);
    return;
  }
  P content = g_mime_part_get_content(object);
  if (!content) return;
  P out = g_mime_stream_mem_new();
  sink += g_mime_data_wrapper_write_to_stream(content, out);
  g_object_unref(out);
}

static void parse(const char *bytes, size_t size, int decoded) {
  P stream = g_mime_stream_mem_new_with_buffer(bytes, size);
  P parser = g_mime_parser_new_with_stream(stream);
  P message = g_mime_parser_construct_message(parser, NULL);
  if (message && decoded) {
    P headers = g_mime_object_get_header_list(message);
    for (int i = 0, n = g_mime_header_list_get_count(headers); i < n; i++) {
      const char *value = g_mime_header_get_value(g_mime_header_list_get_header_at(headers, i));
      if (value) sink += strlen(value);
    }
    for (int type = 0; type < 6; type++) {
      P list = g_mime_message_get_addresses(message, type);
      if (list) sink += internet_address_list_length(list);
    }
    if (g_mime_message_get_subject(message)) sink++;
    if (g_mime_message_get_date(message)) sink++;
    if (g_mime_message_get_message_id(message)) sink++;
    g_mime_message_foreach(message, part, NULL);
  }
  if (message) g_object_unref(message);
  g_object_unref(parser);
  g_object_unref(stream);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  FILE *file = fopen(argv[1], "rb");
  if (!file) return 2;
  fseek(file, 0, SEEK_END);
  size_t total = ftell(file);
  rewind(file);
  char *all = malloc(total);
  if (fread(all, 1, total, file) != total) return 2;
  int decoded = strcmp(argv[2], "decoded") == 0;
  double seconds = atof(argv[3]), started = 0;
  size_t octets = 0;
  g_mime_init();
  for (int measured = 0; measured < 2; measured++) {
    octets = 0;
    started = now();
    do {
      for (size_t at = 0; at < total;) {
        uint32_t size;
        memcpy(&size, all + at, 4);
        parse(all + at + 4, size, decoded);
        at += 4 + size;
        octets += size;
      }
    } while (now() - started < (seconds));
  }
  double rate = octets / (now() - started) / 1e6;
  long memory = 0;
  char line[256];
  FILE *status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof line, status)) sscanf(line, "VmHWM: %ld", &memory);
  printf("{\"rate\":%f,\"memory\":%ld,\"sink\":%s}\n", rate, memory * 1024, sink ? "true" : "false");
  return 0;
}
