/*
 * Lets a test talk to the reference over standard input and output, a line for a line:
 *
 *   E <key|-> <version> <type> <tag> <boot> <sequence> {; <field type> <number> …}   →  the message in hex
 *   D <key|-> <hex>                     →  a status, or: OK <version> <type> <tag> <boot> <sequence> {; <field type> <number> …}
 *   S <hex>                             →  the messages in a stream, in hex, with blanks between
 *   J {<boot>:<sequence>}               →  a letter each: n new, l late, d duplicate, r replay
 *   A <key|-> <tag> <nine numbers>      →  the advertisement in hex
 *   B <key|-> <hex>                     →  a status, or: OK <tag> <nine numbers>
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helmet.h"

#define LINE_BYTES 65536
#define MAX_NUMBERS 1100

static char line[LINE_BYTES];
static helmet_framer framer;

static const char *const STATUS[] = {"OK", "FORMAT", "LENGTH", "CHECKSUM", "MAJOR", "NO_MAC", "WRONG_MAC", "FIELDS"};

static size_t from_hex(const char *text, uint8_t *bytes, size_t capacity) {
  size_t length = 0;
  unsigned value;
  while (text[0] != '\0' && text[1] != '\0' && length < capacity && sscanf(text, "%2x", &value) == 1) {
    bytes[length++] = (uint8_t)value;
    text += 2;
  }
  return length;
}

static void print_hex(const uint8_t *bytes, size_t length) {
  size_t i;
  for (i = 0; i < length; i++) printf("%02x", (unsigned)bytes[i]);
}

static const uint8_t *key_of(const char *text, uint8_t key[HELMET_KEY_BYTES]) {
  return from_hex(text, key, HELMET_KEY_BYTES) == HELMET_KEY_BYTES ? key : NULL;
}

#define N(i) numbers[i]
#define U8(i) ((uint8_t)N(i))
#define U16(i) ((uint16_t)N(i))
#define U32(i) ((uint32_t)N(i))
#define I16(i) ((int16_t)N(i))
#define I32(i) ((int32_t)N(i))

static void put_list(helmet_writer *w, uint8_t type, const int64_t *numbers, size_t count) {
  static helmet_range ranges[128];
  static helmet_alarm alarms[300];
  static helmet_gas gases[200];
  static helmet_sample samples[200];
  size_t i, j, n;
  switch (type) {
    case HELMET_FIELD_RANGES:
      n = count / 11;
      for (i = 0; i < n; i++) {
        for (j = 0; j < 8; j++) ranges[i].anchor[j] = U8(11 * i + j);
        ranges[i].range_mm = U32(11 * i + 8);
        ranges[i].quality_pct = U8(11 * i + 9);
        ranges[i].rssi_dbm = (int8_t)N(11 * i + 10);
      }
      helmet_put_ranges(w, ranges, n);
      break;
    case HELMET_FIELD_ALARMS:
      n = count / 4;
      for (i = 0; i < n; i++) {
        alarms[i].kind = U8(4 * i);
        alarms[i].slot = U8(4 * i + 1);
        alarms[i].bits = U8(4 * i + 2);
        alarms[i].count = U8(4 * i + 3);
      }
      helmet_put_alarms(w, alarms, n);
      break;
    case HELMET_FIELD_GASES:
      n = count / 3;
      for (i = 0; i < n; i++) {
        gases[i].gas = U8(3 * i);
        gases[i].unit = U8(3 * i + 1);
        gases[i].thousandths = U32(3 * i + 2);
      }
      helmet_put_gases(w, gases, n);
      break;
    default:
      n = (count - 2) / 3;
      for (i = 0; i < n; i++) {
        samples[i].x = I16(2 + 3 * i);
        samples[i].y = I16(3 + 3 * i);
        samples[i].z = I16(4 + 3 * i);
      }
      helmet_put_samples(w, U16(0), U16(1), samples, n);
      break;
  }
}

static void put_field(helmet_writer *w, uint8_t type, const int64_t *numbers, size_t count) {
  static uint8_t bytes[MAX_NUMBERS];
  size_t i;
  switch (type) {
    case HELMET_FIELD_POSITION: { helmet_position v = {I32(0), I32(1), I32(2), U16(3), U8(4)}; helmet_put_position(w, &v); break; }
    case HELMET_FIELD_PLACE: { helmet_place v = {I32(0), I32(1), I32(2), U16(3)}; helmet_put_place(w, &v); break; }
    case HELMET_FIELD_BATTERY: { helmet_battery v = {U16(0), U8(1), U8(2)}; helmet_put_battery(w, &v); break; }
    case HELMET_FIELD_ACCELERATION: {
      helmet_acceleration v = {U16(0), U16(1), U16(2), I16(3), I16(4), I16(5)};
      helmet_put_acceleration(w, &v);
      break;
    }
    case HELMET_FIELD_CLIMATE: { helmet_climate v = {I16(0), U16(1), U32(2)}; helmet_put_climate(w, &v); break; }
    case HELMET_FIELD_WEARER: { helmet_wearer v = {U8(0), U8(1), U8(2)}; helmet_put_wearer(w, &v); break; }
    case HELMET_FIELD_TIME: helmet_put_time(w, (uint64_t)U32(0) | ((uint64_t)U32(1) << 32)); break;
    case HELMET_FIELD_UPTIME: helmet_put_uptime(w, U32(0)); break;
    case HELMET_FIELD_ANSWER: { helmet_answer v = {U32(0), U8(1)}; helmet_put_answer(w, &v); break; }
    case HELMET_FIELD_MOVEMENT: { helmet_movement v = {U16(0), U8(1)}; helmet_put_movement(w, &v); break; }
    case HELMET_FIELD_COMMAND_ID: helmet_put_command_id(w, U32(0)); break;
    case HELMET_FIELD_VIBRATE: { helmet_vibrate v = {U8(0), U16(1)}; helmet_put_vibrate(w, &v); break; }
    case HELMET_FIELD_LED: { helmet_led v = {U8(0), U8(1), U8(2), U8(3), U16(4)}; helmet_put_led(w, &v); break; }
    case HELMET_FIELD_SOUND: { helmet_sound v = {U8(0), U8(1), U16(2)}; helmet_put_sound(w, &v); break; }
    case HELMET_FIELD_RANGES: case HELMET_FIELD_ALARMS: case HELMET_FIELD_GASES: case HELMET_FIELD_SAMPLES:
      put_list(w, type, numbers, count);
      break;
    default:
      for (i = 0; i < count; i++) bytes[i] = U8(i);
      helmet_put(w, type, bytes, count);
      break;
  }
}

static void show(int64_t number) { printf(" %" PRId64, number); }

static void show_list(const helmet_field *f) {
  size_t i, j;
  helmet_range range;
  helmet_alarm alarm;
  helmet_gas gas;
  helmet_sample sample;
  uint16_t age_ms, rate_decihz;
  switch (f->type) {
    case HELMET_FIELD_RANGES:
      for (i = 0; helmet_get_range(f, i, &range); i++) {
        for (j = 0; j < 8; j++) show(range.anchor[j]);
        show(range.range_mm); show(range.quality_pct); show(range.rssi_dbm);
      }
      break;
    case HELMET_FIELD_ALARMS:
      for (i = 0; helmet_get_alarm(f, i, &alarm); i++) { show(alarm.kind); show(alarm.slot); show(alarm.bits); show(alarm.count); }
      break;
    case HELMET_FIELD_GASES:
      for (i = 0; helmet_get_gas(f, i, &gas); i++) { show(gas.gas); show(gas.unit); show(gas.thousandths); }
      break;
    default:
      if (helmet_get_samples_head(f, &age_ms, &rate_decihz)) { show(age_ms); show(rate_decihz); }
      for (i = 0; helmet_get_sample(f, i, &sample); i++) { show(sample.x); show(sample.y); show(sample.z); }
      break;
  }
}

static void show_field(const helmet_field *f) {
  size_t i;
  uint32_t number;
  uint64_t ms;
  printf(" ; %u", (unsigned)f->type);
  switch (f->type) {
    case HELMET_FIELD_POSITION: {
      helmet_position v;
      if (helmet_get_position(f, &v)) { show(v.x_mm); show(v.y_mm); show(v.z_mm); show(v.accuracy_cm); show(v.quality_pct); }
      break;
    }
    case HELMET_FIELD_PLACE: {
      helmet_place v;
      if (helmet_get_place(f, &v)) { show(v.latitude_e7); show(v.longitude_e7); show(v.height_cm); show(v.accuracy_cm); }
      break;
    }
    case HELMET_FIELD_BATTERY: {
      helmet_battery v;
      if (helmet_get_battery(f, &v)) { show(v.millivolts); show(v.percent); show(v.bits); }
      break;
    }
    case HELMET_FIELD_ACCELERATION: {
      helmet_acceleration v;
      if (helmet_get_acceleration(f, &v)) { show(v.window_ms); show(v.greatest); show(v.least); show(v.x); show(v.y); show(v.z); }
      break;
    }
    case HELMET_FIELD_CLIMATE: {
      helmet_climate v;
      if (helmet_get_climate(f, &v)) { show(v.temperature_centidegc); show(v.humidity_centipct); show(v.pressure_pa); }
      break;
    }
    case HELMET_FIELD_WEARER: {
      helmet_wearer v;
      if (helmet_get_wearer(f, &v)) { show(v.heart_rate_bpm); show(v.spo2_pct); show(v.worn); }
      break;
    }
    case HELMET_FIELD_TIME:
      if (helmet_get_time(f, &ms)) { show((int64_t)(ms & 0xffffffffu)); show((int64_t)(ms >> 32)); }
      break;
    case HELMET_FIELD_UPTIME: case HELMET_FIELD_COMMAND_ID:
      if (helmet_get_u32(f, &number)) show(number);
      break;
    case HELMET_FIELD_ANSWER: { helmet_answer v; if (helmet_get_answer(f, &v)) { show(v.command_id); show(v.result); } break; }
    case HELMET_FIELD_MOVEMENT: { helmet_movement v; if (helmet_get_movement(f, &v)) { show(v.count); show(v.moving); } break; }
    case HELMET_FIELD_VIBRATE: { helmet_vibrate v; if (helmet_get_vibrate(f, &v)) { show(v.pattern); show(v.tenths); } break; }
    case HELMET_FIELD_LED: {
      helmet_led v;
      if (helmet_get_led(f, &v)) { show(v.red); show(v.green); show(v.blue); show(v.pattern); show(v.tenths); }
      break;
    }
    case HELMET_FIELD_SOUND: {
      helmet_sound v;
      if (helmet_get_sound(f, &v)) { show(v.pattern); show(v.volume_pct); show(v.tenths); }
      break;
    }
    case HELMET_FIELD_RANGES: case HELMET_FIELD_ALARMS: case HELMET_FIELD_GASES: case HELMET_FIELD_SAMPLES:
      show_list(f);
      break;
    default:
      for (i = 0; i < f->length; i++) show(f->value[i]);
      break;
  }
}

static void encode(void) {
  static uint8_t bytes[HELMET_MAX_MESSAGE_BYTES];
  static int64_t numbers[MAX_NUMBERS];
  uint8_t key[HELMET_KEY_BYTES], tag[HELMET_TAG_BYTES];
  const uint8_t *sealed_with = key_of(strtok(NULL, " "), key);
  helmet_writer w;
  uint8_t version = (uint8_t)strtoul(strtok(NULL, " "), NULL, 10), type = (uint8_t)strtoul(strtok(NULL, " "), NULL, 10);
  uint32_t boot, sequence;
  char *word;
  size_t count = 0;
  from_hex(strtok(NULL, " "), tag, sizeof tag);
  boot = (uint32_t)strtoul(strtok(NULL, " "), NULL, 10);
  sequence = (uint32_t)strtoul(strtok(NULL, " "), NULL, 10);
  helmet_begin(&w, bytes, sizeof bytes, type, tag, boot, sequence);
  bytes[2] = version;
  word = strtok(NULL, " ");
  while (word != NULL) {
    type = (uint8_t)strtoul(strtok(NULL, " "), NULL, 10);
    count = 0;
    while ((word = strtok(NULL, " ")) != NULL && word[0] != ';' && count < MAX_NUMBERS) numbers[count++] = strtoll(word, NULL, 10);
    put_field(&w, type, numbers, count);
  }
  print_hex(bytes, helmet_seal(&w, sealed_with));
}

/* Of exactly the length of the message, so that reading behind its end is seen. */
static uint8_t *copy_of(const char *text, size_t *length) {
  uint8_t *bytes;
  *length = text == NULL ? 0 : strlen(text) / 2;
  bytes = malloc(*length + (*length == 0));
  if (bytes == NULL) exit(1);
  if (*length > 0) from_hex(text, bytes, *length);
  return bytes;
}

static void decode(void) {
  uint8_t key[HELMET_KEY_BYTES], *bytes;
  const uint8_t *opened_with = key_of(strtok(NULL, " "), key);
  size_t length, at = 0;
  helmet_message m;
  helmet_field f;
  helmet_status status;
  bytes = copy_of(strtok(NULL, " "), &length);
  status = helmet_open(&m, bytes, length, opened_with);
  printf("%s", STATUS[status]);
  if (status == HELMET_OK) {
    printf(" %u %u ", (unsigned)m.version, (unsigned)m.type);
    print_hex(m.tag, sizeof m.tag);
    printf(" %" PRIu32 " %" PRIu32, m.boot, m.sequence);
    while (helmet_next(&m, &at, &f)) show_field(&f);
  }
  free(bytes);
}

static void stream(void) {
  size_t length, i, found;
  uint8_t *bytes = copy_of(strtok(NULL, " "), &length);
  const char *before = "";
  helmet_framer_begin(&framer);
  for (i = 0; i < length; i++) {
    for (found = helmet_framer_push(&framer, bytes[i]); found > 0; found = helmet_framer_more(&framer)) {
      printf("%s", before);
      print_hex(framer.bytes, found);
      before = " ";
    }
  }
  free(bytes);
}

static void judge(void) {
  helmet_replay memory = {false, 0, 0, 0};
  char *word;
  while ((word = strtok(NULL, " ")) != NULL) {
    char *rest;
    const uint32_t boot = (uint32_t)strtoul(word, &rest, 10);
    putchar("nldr"[helmet_judge(&memory, boot, (uint32_t)strtoul(rest + 1, NULL, 10))]);
  }
}

static uint8_t next_u8(void) { return (uint8_t)strtoul(strtok(NULL, " "), NULL, 10); }

static void seal_advert(void) {
  uint8_t key[HELMET_KEY_BYTES], bytes[HELMET_ADVERT_BYTES];
  const uint8_t *sealed_with = key_of(strtok(NULL, " "), key);
  helmet_advert a;
  from_hex(strtok(NULL, " "), a.tag, sizeof a.tag);
  a.boot = (uint16_t)strtoul(strtok(NULL, " "), NULL, 10);
  a.sequence = (uint16_t)strtoul(strtok(NULL, " "), NULL, 10);
  a.on = next_u8();
  a.sos = next_u8();
  a.fall = next_u8();
  a.impact = next_u8();
  a.button = next_u8();
  a.battery_pct = next_u8();
  a.worn = next_u8();
  helmet_seal_advert(&a, sealed_with, bytes);
  print_hex(bytes, sizeof bytes);
}

static void open_advert(void) {
  uint8_t key[HELMET_KEY_BYTES], *bytes;
  const uint8_t *opened_with = key_of(strtok(NULL, " "), key);
  size_t length;
  helmet_advert a;
  helmet_status status;
  bytes = copy_of(strtok(NULL, " "), &length);
  status = helmet_open_advert(&a, bytes, length, opened_with);
  printf("%s", STATUS[status]);
  if (status == HELMET_OK) {
    putchar(' ');
    print_hex(a.tag, sizeof a.tag);
    show(a.boot); show(a.sequence); show(a.on); show(a.sos); show(a.fall); show(a.impact); show(a.button); show(a.battery_pct); show(a.worn);
  }
  free(bytes);
}

int main(void) {
  while (fgets(line, sizeof line, stdin) != NULL) {
    const char *what;
    line[strcspn(line, "\r\n")] = '\0';
    what = strtok(line, " ");
    if (what == NULL) continue;
    switch (what[0]) {
      case 'E': encode(); break;
      case 'D': decode(); break;
      case 'S': stream(); break;
      case 'J': judge(); break;
      case 'A': seal_advert(); break;
      case 'B': open_advert(); break;
      default: return 2;
    }
    putchar('\n');
  }
  return 0;
}
