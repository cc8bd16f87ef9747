/* See helmet.h and SPECIFICATION.md. */
#include "helmet.h"

#include <string.h>

#define SYNC_0 0xa7u
#define SYNC_1 0x48u
#define ADVERT_0 0x48u
#define ADVERT_1 0x54u
#define FLAG_MAC 1u
#define WINDOW 32u
#define NEED_MORE SIZE_MAX

/* ---- Numbers ---- */

static uint16_t get16(const uint8_t *p) { return (uint16_t)(p[0] | (uint16_t)(p[1] << 8)); }
static uint32_t get32(const uint8_t *p) { return (uint32_t)get16(p) | ((uint32_t)get16(p + 2) << 16); }
static uint64_t get64(const uint8_t *p) { return (uint64_t)get32(p) | ((uint64_t)get32(p + 4) << 32); }

/* Conversions to signed types that do not depend on the compiler. */
static int16_t signed16(uint16_t v) { return v < 0x8000u ? (int16_t)v : (int16_t)(-(int32_t)(0xffffu - v) - 1); }
static int32_t signed32(uint32_t v) { return v < 0x80000000u ? (int32_t)v : -(int32_t)(0xffffffffu - v) - 1; }

static void put16(uint8_t *p, uint16_t v) { p[0] = (uint8_t)(v & 0xffu); p[1] = (uint8_t)(v >> 8); }
static void put32(uint8_t *p, uint32_t v) { put16(p, (uint16_t)(v & 0xffffu)); put16(p + 2, (uint16_t)(v >> 16)); }
static void put64(uint8_t *p, uint64_t v) { put32(p, (uint32_t)(v & 0xffffffffu)); put32(p + 4, (uint32_t)(v >> 32)); }

/* ---- CRC-32C and SipHash-2-4 ---- */

/* Half a byte at a time: 16 words of table are as many as a small processor likes to give. */
uint32_t helmet_crc32c(const uint8_t *bytes, size_t length) {
  static const uint32_t table[16] = {0x00000000u, 0x105ec76fu, 0x20bd8edeu, 0x30e349b1u, 0x417b1dbcu, 0x5125dad3u, 0x61c69362u, 0x7198540du,
                                     0x82f63b78u, 0x92a8fc17u, 0xa24bb5a6u, 0xb21572c9u, 0xc38d26c4u, 0xd3d3e1abu, 0xe330a81au, 0xf36e6f75u};
  uint32_t crc = 0xffffffffu;
  size_t i;
  for (i = 0; i < length; i++) {
    crc ^= bytes[i];
    crc = (crc >> 4) ^ table[crc & 15u];
    crc = (crc >> 4) ^ table[crc & 15u];
  }
  return crc ^ 0xffffffffu;
}

static uint64_t rotated(uint64_t v, unsigned bits) { return (v << bits) | (v >> (64u - bits)); }

static void sip_rounds(uint64_t v[4], int rounds) {
  while (rounds-- > 0) {
    v[0] += v[1]; v[1] = rotated(v[1], 13) ^ v[0]; v[0] = rotated(v[0], 32);
    v[2] += v[3]; v[3] = rotated(v[3], 16) ^ v[2];
    v[0] += v[3]; v[3] = rotated(v[3], 21) ^ v[0];
    v[2] += v[1]; v[1] = rotated(v[1], 17) ^ v[2]; v[2] = rotated(v[2], 32);
  }
}

void helmet_siphash(const uint8_t *key, const uint8_t *bytes, size_t length, uint8_t mac[HELMET_MAC_BYTES]) {
  const uint64_t k0 = get64(key), k1 = get64(key + 8);
  uint64_t v[4], word = (uint64_t)(length & 0xffu) << 56;
  size_t i, whole = length & ~(size_t)7;
  v[0] = k0 ^ 0x736f6d6570736575u;
  v[1] = k1 ^ 0x646f72616e646f6du;
  v[2] = k0 ^ 0x6c7967656e657261u;
  v[3] = k1 ^ 0x7465646279746573u;
  for (i = 0; i < whole; i += 8) {
    const uint64_t block = get64(bytes + i);
    v[3] ^= block;
    sip_rounds(v, 2);
    v[0] ^= block;
  }
  for (; i < length; i++) word |= (uint64_t)bytes[i] << (8u * (i & 7u));
  v[3] ^= word;
  sip_rounds(v, 2);
  v[0] ^= word;
  v[2] ^= 0xffu;
  sip_rounds(v, 4);
  put64(mac, v[0] ^ v[1] ^ v[2] ^ v[3]);
}

/* Without a way out in the middle: the time it takes must not tell how many bytes fit. */
static bool is_mac_right(const uint8_t *key, const uint8_t *bytes, size_t length, size_t count) {
  uint8_t mac[HELMET_MAC_BYTES], difference = 0;
  size_t i;
  helmet_siphash(key, bytes, length, mac);
  for (i = 0; i < count; i++) difference |= (uint8_t)(mac[i] ^ bytes[length + i]);
  return difference == 0;
}

/* ---- Writing ---- */

static uint8_t header_check(const uint8_t *bytes) {
  unsigned sum = 0, i;
  for (i = 0; i < 7; i++) sum += bytes[i];
  return (uint8_t)(~sum & 0xffu);
}

void helmet_begin(helmet_writer *w, uint8_t *bytes, size_t capacity, uint8_t type, const uint8_t *tag, uint32_t boot, uint32_t sequence) {
  w->bytes = bytes;
  w->capacity = capacity;
  w->length = HELMET_HEADER_BYTES;
  w->failed = capacity < HELMET_HEADER_BYTES;
  if (w->failed) return;
  bytes[0] = SYNC_0;
  bytes[1] = SYNC_1;
  bytes[2] = HELMET_VERSION;
  bytes[3] = type;
  memcpy(bytes + 8, tag, HELMET_TAG_BYTES);
  put32(bytes + 16, boot);
  put32(bytes + 20, sequence);
}

/* Room for a value of `length` bytes behind type and length; NULL: it does not fit. */
static uint8_t *field_room(helmet_writer *w, uint8_t type, size_t length) {
  const size_t head = length < 255u ? 2u : 4u;
  uint8_t *at;
  if (w->failed || length > HELMET_MAX_FIELDS_BYTES || w->length + head + length > HELMET_HEADER_BYTES + HELMET_MAX_FIELDS_BYTES ||
      w->length + head + length > w->capacity) {
    w->failed = true;
    return NULL;
  }
  at = w->bytes + w->length;
  at[0] = type;
  at[1] = (uint8_t)(length < 255u ? length : 255u);
  if (length >= 255u) put16(at + 2, (uint16_t)length);
  w->length += head + length;
  return at + head;
}

void helmet_put(helmet_writer *w, uint8_t type, const uint8_t *value, size_t length) {
  uint8_t *p = field_room(w, type, length);
  if (p != NULL && length > 0) memcpy(p, value, length);
}

void helmet_put_position(helmet_writer *w, const helmet_position *v) {
  uint8_t *p = field_room(w, HELMET_FIELD_POSITION, 15);
  if (p == NULL) return;
  put32(p, (uint32_t)v->x_mm);
  put32(p + 4, (uint32_t)v->y_mm);
  put32(p + 8, (uint32_t)v->z_mm);
  put16(p + 12, v->accuracy_cm);
  p[14] = v->quality_pct;
}

void helmet_put_place(helmet_writer *w, const helmet_place *v) {
  uint8_t *p = field_room(w, HELMET_FIELD_PLACE, 14);
  if (p == NULL) return;
  put32(p, (uint32_t)v->latitude_e7);
  put32(p + 4, (uint32_t)v->longitude_e7);
  put32(p + 8, (uint32_t)v->height_cm);
  put16(p + 12, v->accuracy_cm);
}

/* Room for a list; a count that no message can hold must not wrap around when it is multiplied. */
static uint8_t *list_room(helmet_writer *w, uint8_t type, size_t head, size_t count, size_t size) {
  if (count > HELMET_MAX_FIELDS_BYTES) w->failed = true;
  return w->failed ? NULL : field_room(w, type, head + count * size);
}

void helmet_put_ranges(helmet_writer *w, const helmet_range *v, size_t count) {
  uint8_t *p = list_room(w, HELMET_FIELD_RANGES, 0, count, 14);
  size_t i;
  if (p == NULL) return;
  for (i = 0; i < count; i++, p += 14) {
    memcpy(p, v[i].anchor, 8);
    put32(p + 8, v[i].range_mm);
    p[12] = v[i].quality_pct;
    p[13] = (uint8_t)v[i].rssi_dbm;
  }
}

void helmet_put_battery(helmet_writer *w, const helmet_battery *v) {
  uint8_t *p = field_room(w, HELMET_FIELD_BATTERY, 4);
  if (p == NULL) return;
  put16(p, v->millivolts);
  p[2] = v->percent;
  p[3] = v->bits;
}

void helmet_put_alarms(helmet_writer *w, const helmet_alarm *v, size_t count) {
  uint8_t *p = list_room(w, HELMET_FIELD_ALARMS, 0, count, 4);
  size_t i;
  if (p == NULL) return;
  for (i = 0; i < count; i++, p += 4) {
    p[0] = v[i].kind;
    p[1] = v[i].slot;
    p[2] = v[i].bits;
    p[3] = v[i].count;
  }
}

void helmet_put_acceleration(helmet_writer *w, const helmet_acceleration *v) {
  uint8_t *p = field_room(w, HELMET_FIELD_ACCELERATION, 12);
  if (p == NULL) return;
  put16(p, v->window_ms);
  put16(p + 2, v->greatest);
  put16(p + 4, v->least);
  put16(p + 6, (uint16_t)v->x);
  put16(p + 8, (uint16_t)v->y);
  put16(p + 10, (uint16_t)v->z);
}

void helmet_put_samples(helmet_writer *w, uint16_t age_ms, uint16_t rate_decihz, const helmet_sample *v, size_t count) {
  uint8_t *p = list_room(w, HELMET_FIELD_SAMPLES, 4, count, 6);
  size_t i;
  if (p == NULL) return;
  put16(p, age_ms);
  put16(p + 2, rate_decihz);
  for (i = 0, p += 4; i < count; i++, p += 6) {
    put16(p, (uint16_t)v[i].x);
    put16(p + 2, (uint16_t)v[i].y);
    put16(p + 4, (uint16_t)v[i].z);
  }
}

void helmet_put_climate(helmet_writer *w, const helmet_climate *v) {
  uint8_t *p = field_room(w, HELMET_FIELD_CLIMATE, 8);
  if (p == NULL) return;
  put16(p, (uint16_t)v->temperature_centidegc);
  put16(p + 2, v->humidity_centipct);
  put32(p + 4, v->pressure_pa);
}

void helmet_put_gases(helmet_writer *w, const helmet_gas *v, size_t count) {
  uint8_t *p = list_room(w, HELMET_FIELD_GASES, 0, count, 6);
  size_t i;
  if (p == NULL) return;
  for (i = 0; i < count; i++, p += 6) {
    p[0] = v[i].gas;
    p[1] = v[i].unit;
    put32(p + 2, v[i].thousandths);
  }
}

void helmet_put_wearer(helmet_writer *w, const helmet_wearer *v) {
  uint8_t *p = field_room(w, HELMET_FIELD_WEARER, 3);
  if (p == NULL) return;
  p[0] = v->heart_rate_bpm;
  p[1] = v->spo2_pct;
  p[2] = v->worn;
}

void helmet_put_time(helmet_writer *w, uint64_t epoch_ms) {
  uint8_t *p = field_room(w, HELMET_FIELD_TIME, 8);
  if (p != NULL) put64(p, epoch_ms);
}

void helmet_put_uptime(helmet_writer *w, uint32_t seconds) {
  uint8_t *p = field_room(w, HELMET_FIELD_UPTIME, 4);
  if (p != NULL) put32(p, seconds);
}

void helmet_put_answer(helmet_writer *w, const helmet_answer *v) {
  uint8_t *p = field_room(w, HELMET_FIELD_ANSWER, 5);
  if (p == NULL) return;
  put32(p, v->command_id);
  p[4] = v->result;
}

void helmet_put_movement(helmet_writer *w, const helmet_movement *v) {
  uint8_t *p = field_room(w, HELMET_FIELD_MOVEMENT, 3);
  if (p == NULL) return;
  put16(p, v->count);
  p[2] = v->moving;
}

void helmet_put_command_id(helmet_writer *w, uint32_t id) {
  uint8_t *p = field_room(w, HELMET_FIELD_COMMAND_ID, 4);
  if (p != NULL) put32(p, id);
}

void helmet_put_vibrate(helmet_writer *w, const helmet_vibrate *v) {
  uint8_t *p = field_room(w, HELMET_FIELD_VIBRATE, 3);
  if (p == NULL) return;
  p[0] = v->pattern;
  put16(p + 1, v->tenths);
}

void helmet_put_led(helmet_writer *w, const helmet_led *v) {
  uint8_t *p = field_room(w, HELMET_FIELD_LED, 6);
  if (p == NULL) return;
  p[0] = v->red;
  p[1] = v->green;
  p[2] = v->blue;
  p[3] = v->pattern;
  put16(p + 4, v->tenths);
}

void helmet_put_sound(helmet_writer *w, const helmet_sound *v) {
  uint8_t *p = field_room(w, HELMET_FIELD_SOUND, 4);
  if (p == NULL) return;
  p[0] = v->pattern;
  p[1] = v->volume_pct;
  put16(p + 2, v->tenths);
}

size_t helmet_seal(helmet_writer *w, const uint8_t *key) {
  const size_t end = w->length, mac = key == NULL ? 0 : HELMET_MAC_BYTES;
  if (w->failed || w->capacity - end < mac + HELMET_CRC_BYTES) return 0;
  put16(w->bytes + 4, (uint16_t)(end - HELMET_HEADER_BYTES));
  w->bytes[6] = (uint8_t)(key == NULL ? 0 : FLAG_MAC);
  w->bytes[7] = header_check(w->bytes);
  if (key != NULL) helmet_siphash(key, w->bytes, end, w->bytes + end);
  put32(w->bytes + end + mac, helmet_crc32c(w->bytes, end + mac));
  w->length = end + mac + HELMET_CRC_BYTES;
  w->failed = true; /* closed */
  return w->length;
}

/* ---- Reading ---- */

/* Length of the message that begins at `bytes`; 0: none can; NEED_MORE: it cannot be told yet. */
static size_t measure(const uint8_t *bytes, size_t length) {
  if (length < 1 || bytes[0] != SYNC_0) return 0;
  if (length < 2) return NEED_MORE;
  if (bytes[1] != SYNC_1) return 0;
  if (length < 8) return NEED_MORE;
  if (header_check(bytes) != bytes[7]) return 0;
  return HELMET_HEADER_BYTES + get16(bytes + 4) + ((bytes[6] & FLAG_MAC) != 0 ? HELMET_MAC_BYTES : 0) + HELMET_CRC_BYTES;
}

static bool is_intact(const uint8_t *bytes, size_t length) {
  return helmet_crc32c(bytes, length - HELMET_CRC_BYTES) == get32(bytes + length - HELMET_CRC_BYTES);
}

/* 1: a field was found; 0: the end; -1: malformed. */
static int next_field(const uint8_t *fields, size_t end, size_t *at, helmet_field *field) {
  size_t from = *at, length;
  if (from >= end) return 0;
  if (end - from < 2) return -1;
  field->type = fields[from];
  length = fields[from + 1];
  from += 2;
  if (length == 255) {
    if (end - from < 2) return -1;
    length = get16(fields + from);
    if (length < 255) return -1;
    from += 2;
  }
  if (end - from < length) return -1;
  field->value = fields + from;
  field->length = length;
  *at = from + length;
  return 1;
}

bool helmet_next(const helmet_message *m, size_t *at, helmet_field *field) { return next_field(m->fields, m->fields_length, at, field) == 1; }

helmet_status helmet_open(helmet_message *m, const uint8_t *bytes, size_t length, const uint8_t *key) {
  const size_t measured = measure(bytes, length);
  helmet_field field;
  size_t at = 0;
  int found;
  if (measured == 0) return HELMET_FORMAT;
  if (measured != length || length > HELMET_MAX_MESSAGE_BYTES) return HELMET_LENGTH;
  if (!is_intact(bytes, length)) return HELMET_CHECKSUM;
  if (bytes[2] >> 4 != HELMET_MAJOR) return HELMET_OTHER_MAJOR;
  m->version = bytes[2];
  m->type = bytes[3];
  memcpy(m->tag, bytes + 8, HELMET_TAG_BYTES);
  m->boot = get32(bytes + 16);
  m->sequence = get32(bytes + 20);
  m->has_mac = (bytes[6] & FLAG_MAC) != 0;
  m->fields = bytes + HELMET_HEADER_BYTES;
  m->fields_length = get16(bytes + 4);
  if (key != NULL) {
    if (!m->has_mac) return HELMET_NO_MAC;
    if (!is_mac_right(key, bytes, HELMET_HEADER_BYTES + m->fields_length, HELMET_MAC_BYTES)) return HELMET_WRONG_MAC;
  }
  do found = next_field(m->fields, m->fields_length, &at, &field);
  while (found == 1);
  return found == 0 ? HELMET_OK : HELMET_FIELDS;
}

bool helmet_get_position(const helmet_field *f, helmet_position *v) {
  if (f->length < 15) return false;
  v->x_mm = signed32(get32(f->value));
  v->y_mm = signed32(get32(f->value + 4));
  v->z_mm = signed32(get32(f->value + 8));
  v->accuracy_cm = get16(f->value + 12);
  v->quality_pct = f->value[14];
  return true;
}

bool helmet_get_place(const helmet_field *f, helmet_place *v) {
  if (f->length < 14) return false;
  v->latitude_e7 = signed32(get32(f->value));
  v->longitude_e7 = signed32(get32(f->value + 4));
  v->height_cm = signed32(get32(f->value + 8));
  v->accuracy_cm = get16(f->value + 12);
  return true;
}

bool helmet_get_battery(const helmet_field *f, helmet_battery *v) {
  if (f->length < 4) return false;
  v->millivolts = get16(f->value);
  v->percent = f->value[2];
  v->bits = f->value[3];
  return true;
}

bool helmet_get_acceleration(const helmet_field *f, helmet_acceleration *v) {
  if (f->length < 12) return false;
  v->window_ms = get16(f->value);
  v->greatest = get16(f->value + 2);
  v->least = get16(f->value + 4);
  v->x = signed16(get16(f->value + 6));
  v->y = signed16(get16(f->value + 8));
  v->z = signed16(get16(f->value + 10));
  return true;
}

bool helmet_get_climate(const helmet_field *f, helmet_climate *v) {
  if (f->length < 8) return false;
  v->temperature_centidegc = signed16(get16(f->value));
  v->humidity_centipct = get16(f->value + 2);
  v->pressure_pa = get32(f->value + 4);
  return true;
}

bool helmet_get_wearer(const helmet_field *f, helmet_wearer *v) {
  if (f->length < 3) return false;
  v->heart_rate_bpm = f->value[0];
  v->spo2_pct = f->value[1];
  v->worn = f->value[2];
  return true;
}

bool helmet_get_time(const helmet_field *f, uint64_t *epoch_ms) {
  if (f->length < 8) return false;
  *epoch_ms = get64(f->value);
  return true;
}

bool helmet_get_u32(const helmet_field *f, uint32_t *v) {
  if (f->length < 4) return false;
  *v = get32(f->value);
  return true;
}

bool helmet_get_answer(const helmet_field *f, helmet_answer *v) {
  if (f->length < 5) return false;
  v->command_id = get32(f->value);
  v->result = f->value[4];
  return true;
}

bool helmet_get_movement(const helmet_field *f, helmet_movement *v) {
  if (f->length < 3) return false;
  v->count = get16(f->value);
  v->moving = f->value[2];
  return true;
}

bool helmet_get_vibrate(const helmet_field *f, helmet_vibrate *v) {
  if (f->length < 3) return false;
  v->pattern = f->value[0];
  v->tenths = get16(f->value + 1);
  return true;
}

bool helmet_get_led(const helmet_field *f, helmet_led *v) {
  if (f->length < 6) return false;
  v->red = f->value[0];
  v->green = f->value[1];
  v->blue = f->value[2];
  v->pattern = f->value[3];
  v->tenths = get16(f->value + 4);
  return true;
}

bool helmet_get_sound(const helmet_field *f, helmet_sound *v) {
  if (f->length < 4) return false;
  v->pattern = f->value[0];
  v->volume_pct = f->value[1];
  v->tenths = get16(f->value + 2);
  return true;
}

/* The index-th entry behind `head` bytes; NULL: there is none, or the entries do not fill the field. */
static const uint8_t *entry(const helmet_field *f, size_t head, size_t size, size_t index) {
  if (f->length < head || (f->length - head) % size != 0 || index >= (f->length - head) / size) return NULL;
  return f->value + head + index * size;
}

bool helmet_get_range(const helmet_field *f, size_t index, helmet_range *v) {
  const uint8_t *p = entry(f, 0, 14, index);
  if (p == NULL) return false;
  memcpy(v->anchor, p, 8);
  v->range_mm = get32(p + 8);
  v->quality_pct = p[12];
  v->rssi_dbm = (int8_t)(p[13] < 128 ? p[13] : (int)p[13] - 256);
  return true;
}

bool helmet_get_alarm(const helmet_field *f, size_t index, helmet_alarm *v) {
  const uint8_t *p = entry(f, 0, 4, index);
  if (p == NULL) return false;
  v->kind = p[0];
  v->slot = p[1];
  v->bits = p[2];
  v->count = p[3];
  return true;
}

bool helmet_get_gas(const helmet_field *f, size_t index, helmet_gas *v) {
  const uint8_t *p = entry(f, 0, 6, index);
  if (p == NULL) return false;
  v->gas = p[0];
  v->unit = p[1];
  v->thousandths = get32(p + 2);
  return true;
}

bool helmet_get_sample(const helmet_field *f, size_t index, helmet_sample *v) {
  const uint8_t *p = entry(f, 4, 6, index);
  if (p == NULL) return false;
  v->x = signed16(get16(p));
  v->y = signed16(get16(p + 2));
  v->z = signed16(get16(p + 4));
  return true;
}

bool helmet_get_samples_head(const helmet_field *f, uint16_t *age_ms, uint16_t *rate_decihz) {
  if (f->length < 4) return false;
  *age_ms = get16(f->value);
  *rate_decihz = get16(f->value + 2);
  return true;
}

/* ---- Serial lines ---- */

void helmet_framer_begin(helmet_framer *f) { f->length = f->taken = 0; }

static void drop(helmet_framer *f, size_t count) {
  f->length -= count;
  memmove(f->bytes, f->bytes + count, f->length);
}

size_t helmet_framer_more(helmet_framer *f) {
  drop(f, f->taken);
  f->taken = 0;
  while (f->length > 0) {
    const size_t length = measure(f->bytes, f->length);
    if (length == NEED_MORE) return 0;
    if (length == 0 || length > HELMET_MAX_MESSAGE_BYTES) {
      drop(f, 1);
      continue;
    }
    if (length > f->length) return 0;
    if (is_intact(f->bytes, length)) {
      f->taken = length;
      return length;
    }
    drop(f, 1);
  }
  return 0;
}

size_t helmet_framer_push(helmet_framer *f, uint8_t byte) {
  drop(f, f->taken);
  f->taken = 0;
  if (f->length == HELMET_MAX_MESSAGE_BYTES) drop(f, 1); /* only where a message that was found was not asked for more */
  f->bytes[f->length++] = byte;
  return helmet_framer_more(f);
}

/* ---- Replay ---- */

helmet_freshness helmet_judge(helmet_replay *r, uint32_t boot, uint32_t sequence) {
  uint32_t behind, bit;
  if (r->any && boot < r->boot) return HELMET_REPLAY;
  if (!r->any || boot > r->boot) {
    r->any = true;
    r->boot = boot;
    r->highest = sequence;
    r->below = 0;
    return HELMET_NEW;
  }
  if (sequence > r->highest) {
    const uint32_t ahead = sequence - r->highest;
    if (ahead > WINDOW) r->below = 0;
    else r->below = (ahead == WINDOW ? 0 : r->below << ahead) | (UINT32_C(1) << (ahead - 1u));
    r->highest = sequence;
    return HELMET_NEW;
  }
  behind = r->highest - sequence;
  if (behind == 0) return HELMET_DUPLICATE;
  if (behind > WINDOW) return HELMET_REPLAY;
  bit = UINT32_C(1) << (behind - 1u);
  if ((r->below & bit) != 0) return HELMET_DUPLICATE;
  r->below |= bit;
  return HELMET_LATE;
}

/* ---- Advertisement ---- */

void helmet_seal_advert(const helmet_advert *a, const uint8_t *key, uint8_t bytes[HELMET_ADVERT_BYTES]) {
  uint8_t mac[HELMET_MAC_BYTES] = {0};
  bytes[0] = ADVERT_0;
  bytes[1] = ADVERT_1;
  bytes[2] = HELMET_VERSION;
  memcpy(bytes + 3, a->tag, HELMET_TAG_BYTES);
  put16(bytes + 11, a->boot);
  put16(bytes + 13, a->sequence);
  bytes[15] = a->on;
  bytes[16] = a->sos;
  bytes[17] = (uint8_t)((a->fall & 15u) | (uint8_t)((a->impact & 15u) << 4));
  bytes[18] = a->battery_pct;
  bytes[19] = (uint8_t)((a->worn == HELMET_NO_U8 ? 0u : a->worn != 0 ? 3u : 2u) | (uint8_t)((a->button & 15u) << 4));
  if (key != NULL) helmet_siphash(key, bytes, 20, mac);
  memcpy(bytes + 20, mac, 4);
}

helmet_status helmet_open_advert(helmet_advert *a, const uint8_t *bytes, size_t length, const uint8_t *key) {
  if (length < 3 || bytes[0] != ADVERT_0 || bytes[1] != ADVERT_1) return HELMET_FORMAT;
  if (bytes[2] >> 4 != HELMET_MAJOR) return HELMET_OTHER_MAJOR;
  if (length < HELMET_ADVERT_BYTES) return HELMET_LENGTH;
  if (key != NULL && !is_mac_right(key, bytes, 20, 4)) return HELMET_WRONG_MAC;
  memcpy(a->tag, bytes + 3, HELMET_TAG_BYTES);
  a->boot = get16(bytes + 11);
  a->sequence = get16(bytes + 13);
  a->on = bytes[15];
  a->sos = bytes[16];
  a->fall = bytes[17] & 15u;
  a->impact = bytes[17] >> 4;
  a->battery_pct = bytes[18];
  a->worn = (bytes[19] & 2u) == 0 ? HELMET_NO_U8 : bytes[19] & 1u;
  a->button = bytes[19] >> 4;
  return HELMET_OK;
}
