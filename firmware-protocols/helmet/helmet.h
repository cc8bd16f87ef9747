/*
 * The helmet protocol, version 1.0, for tags: see SPECIFICATION.md. C99, no heap, no dependency, no global state.
 * All functions can be used from several threads on different objects. Nothing here knows how bytes travel.
 */
#ifndef HELMET_H
#define HELMET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HELMET_MAJOR 1u
#define HELMET_VERSION 0x10u
#define HELMET_HEADER_BYTES 24u
#define HELMET_MAX_FIELDS_BYTES 1024u
#define HELMET_MAC_BYTES 8u
#define HELMET_CRC_BYTES 4u
#define HELMET_MAX_MESSAGE_BYTES (HELMET_HEADER_BYTES + HELMET_MAX_FIELDS_BYTES + HELMET_MAC_BYTES + HELMET_CRC_BYTES)
#define HELMET_KEY_BYTES 16u
#define HELMET_TAG_BYTES 8u
#define HELMET_ADVERT_BYTES 24u

#define HELMET_REPORT 0x01u
#define HELMET_COMMAND 0x81u

typedef enum {
  HELMET_OK,
  HELMET_FORMAT,    /* no message begins so */
  HELMET_LENGTH,    /* not the length that is announced */
  HELMET_CHECKSUM,  /* the CRC does not fit */
  HELMET_OTHER_MAJOR,
  HELMET_NO_MAC,    /* a key is there and no MAC */
  HELMET_WRONG_MAC,
  HELMET_FIELDS     /* the fields do not fill the message */
} helmet_status;

typedef enum {
  HELMET_FIELD_POSITION = 0x01, HELMET_FIELD_PLACE = 0x02, HELMET_FIELD_RANGES = 0x03, HELMET_FIELD_BATTERY = 0x05,
  HELMET_FIELD_ALARMS = 0x06, HELMET_FIELD_ACCELERATION = 0x07, HELMET_FIELD_SAMPLES = 0x08, HELMET_FIELD_CLIMATE = 0x09,
  HELMET_FIELD_GASES = 0x0a, HELMET_FIELD_WEARER = 0x0b, HELMET_FIELD_TIME = 0x0c, HELMET_FIELD_UPTIME = 0x0d,
  HELMET_FIELD_ANSWER = 0x0e, HELMET_FIELD_FIRMWARE = 0x0f, HELMET_FIELD_MOVEMENT = 0x10,
  HELMET_FIELD_COMMAND_ID = 0x40, HELMET_FIELD_VIBRATE = 0x41, HELMET_FIELD_LED = 0x42, HELMET_FIELD_SOUND = 0x43,
  HELMET_FIELD_TEXT = 0x44, HELMET_FIELD_SOS_RECEIVED = 0x45, HELMET_FIELD_RAW = 0x46
} helmet_field_type;

/* "Not measured" in the fields that can be so. */
#define HELMET_NO_U8 0xffu
#define HELMET_NO_U16 0xffffu
#define HELMET_NO_U32 0xffffffffu
#define HELMET_NO_I16 INT16_MIN
#define HELMET_NO_I32 INT32_MIN
#define HELMET_NO_RSSI 127

typedef enum { HELMET_DONE, HELMET_NOT_KNOWN, HELMET_NOT_POSSIBLE, HELMET_MALFORMED, HELMET_TOO_LATE } helmet_result;

typedef struct { int32_t x_mm, y_mm, z_mm; uint16_t accuracy_cm; uint8_t quality_pct; } helmet_position;
typedef struct { int32_t latitude_e7, longitude_e7, height_cm; uint16_t accuracy_cm; } helmet_place;
typedef struct { uint8_t anchor[8]; uint32_t range_mm; uint8_t quality_pct; int8_t rssi_dbm; } helmet_range;
typedef struct { uint16_t millivolts; uint8_t percent; uint8_t bits; } helmet_battery; /* bits: 0 charging */
typedef struct { uint8_t kind, slot, bits, count; } helmet_alarm;                      /* bits: 0 on */
typedef struct { uint16_t window_ms, greatest, least; int16_t x, y, z; } helmet_acceleration; /* 0.01 m/s2 */
typedef struct { int16_t x, y, z; } helmet_sample;                                            /* 0.01 m/s2 */
typedef struct { int16_t temperature_centidegc; uint16_t humidity_centipct; uint32_t pressure_pa; } helmet_climate;
typedef struct { uint8_t gas, unit; uint32_t thousandths; } helmet_gas;
typedef struct { uint8_t heart_rate_bpm, spo2_pct, worn; } helmet_wearer;
typedef struct { uint32_t command_id; uint8_t result; } helmet_answer;
typedef struct { uint16_t count; uint8_t moving; } helmet_movement;
typedef struct { uint8_t pattern; uint16_t tenths; } helmet_vibrate;
typedef struct { uint8_t red, green, blue, pattern; uint16_t tenths; } helmet_led;
typedef struct { uint8_t pattern, volume_pct; uint16_t tenths; } helmet_sound;

/* ---- Writing ---- */

/* Writes into the caller's memory. Once something has not fitted nothing more is written, and helmet_seal gives 0. */
typedef struct { uint8_t *bytes; size_t capacity, length; bool failed; } helmet_writer;

/* `capacity`: HELMET_MAX_MESSAGE_BYTES holds every message. `tag`: 8 bytes. */
void helmet_begin(helmet_writer *w, uint8_t *bytes, size_t capacity, uint8_t type, const uint8_t *tag, uint32_t boot, uint32_t sequence);
/* Any field, of bytes; also for those of later versions. */
void helmet_put(helmet_writer *w, uint8_t type, const uint8_t *value, size_t length);
void helmet_put_position(helmet_writer *w, const helmet_position *v);
void helmet_put_place(helmet_writer *w, const helmet_place *v);
void helmet_put_ranges(helmet_writer *w, const helmet_range *v, size_t count);
void helmet_put_battery(helmet_writer *w, const helmet_battery *v);
void helmet_put_alarms(helmet_writer *w, const helmet_alarm *v, size_t count);
void helmet_put_acceleration(helmet_writer *w, const helmet_acceleration *v);
void helmet_put_samples(helmet_writer *w, uint16_t age_ms, uint16_t rate_decihz, const helmet_sample *v, size_t count);
void helmet_put_climate(helmet_writer *w, const helmet_climate *v);
void helmet_put_gases(helmet_writer *w, const helmet_gas *v, size_t count);
void helmet_put_wearer(helmet_writer *w, const helmet_wearer *v);
void helmet_put_time(helmet_writer *w, uint64_t epoch_ms);
void helmet_put_uptime(helmet_writer *w, uint32_t seconds);
void helmet_put_answer(helmet_writer *w, const helmet_answer *v);
void helmet_put_movement(helmet_writer *w, const helmet_movement *v);
void helmet_put_command_id(helmet_writer *w, uint32_t id);
void helmet_put_vibrate(helmet_writer *w, const helmet_vibrate *v);
void helmet_put_led(helmet_writer *w, const helmet_led *v);
void helmet_put_sound(helmet_writer *w, const helmet_sound *v);
/* Closes the message; `key` of 16 bytes, or NULL for no MAC. Its length; 0: something did not fit. */
size_t helmet_seal(helmet_writer *w, const uint8_t *key);

/* ---- Reading ---- */

typedef struct {
  uint8_t version, type, tag[8];
  uint32_t boot, sequence;
  bool has_mac;
  const uint8_t *fields; /* in the bytes that were opened */
  size_t fields_length;
} helmet_message;

typedef struct { uint8_t type; const uint8_t *value; size_t length; } helmet_field;

/* `key`: 16 bytes, and a MAC is demanded; NULL: a MAC, if there is one, is not checked. All fields are known to be well-formed after HELMET_OK. */
helmet_status helmet_open(helmet_message *m, const uint8_t *bytes, size_t length, const uint8_t *key);
/* The next field from *at (0 at first) on; false: there is none. */
bool helmet_next(const helmet_message *m, size_t *at, helmet_field *field);

/* False: the field is shorter than this version says, to be treated as one not known. */
bool helmet_get_position(const helmet_field *f, helmet_position *v);
bool helmet_get_place(const helmet_field *f, helmet_place *v);
bool helmet_get_battery(const helmet_field *f, helmet_battery *v);
bool helmet_get_acceleration(const helmet_field *f, helmet_acceleration *v);
bool helmet_get_climate(const helmet_field *f, helmet_climate *v);
bool helmet_get_wearer(const helmet_field *f, helmet_wearer *v);
bool helmet_get_time(const helmet_field *f, uint64_t *epoch_ms);
/* Time since start, and command id. */
bool helmet_get_u32(const helmet_field *f, uint32_t *v);
bool helmet_get_answer(const helmet_field *f, helmet_answer *v);
bool helmet_get_movement(const helmet_field *f, helmet_movement *v);
bool helmet_get_vibrate(const helmet_field *f, helmet_vibrate *v);
bool helmet_get_led(const helmet_field *f, helmet_led *v);
bool helmet_get_sound(const helmet_field *f, helmet_sound *v);
/* The index-th entry of a list; false: there is none. */
bool helmet_get_range(const helmet_field *f, size_t index, helmet_range *v);
bool helmet_get_alarm(const helmet_field *f, size_t index, helmet_alarm *v);
bool helmet_get_gas(const helmet_field *f, size_t index, helmet_gas *v);
bool helmet_get_sample(const helmet_field *f, size_t index, helmet_sample *v);
bool helmet_get_samples_head(const helmet_field *f, uint16_t *age_ms, uint16_t *rate_decihz);

/* ---- Serial lines ---- */

typedef struct { uint8_t bytes[HELMET_MAX_MESSAGE_BYTES]; size_t length, taken; } helmet_framer;

void helmet_framer_begin(helmet_framer *f);
/*
 * Takes one byte. When a message is whole (its CRC fits) gives its length, and it is at f->bytes until the next call. After a
 * call that gave a message call helmet_framer_more until it gives 0: what was held may contain another one.
 */
size_t helmet_framer_push(helmet_framer *f, uint8_t byte);
size_t helmet_framer_more(helmet_framer *f);

/* ---- Replay ---- */

typedef enum { HELMET_NEW, HELMET_LATE, HELMET_DUPLICATE, HELMET_REPLAY } helmet_freshness;
typedef struct { bool any; uint32_t boot, highest, below; } helmet_replay;

/* `r` begins as all zeros. Only for messages whose MAC was checked. */
helmet_freshness helmet_judge(helmet_replay *r, uint32_t boot, uint32_t sequence);

/* ---- Advertisement ---- */

typedef struct {
  uint8_t tag[8];
  uint16_t boot, sequence;
  uint8_t on;                             /* bit 0 sos, 1 fall, 2 impact, 3 motionless, 4 helmet off, 5 gas, 6 tamper, 7 low battery */
  uint8_t sos, fall, impact, button;      /* counts; modulo 256, 16, 16, 16 */
  uint8_t battery_pct, worn;              /* worn: 0, 1, HELMET_NO_U8 */
} helmet_advert;

/* What follows the company id; `key` NULL: without a MAC. */
void helmet_seal_advert(const helmet_advert *a, const uint8_t *key, uint8_t bytes[HELMET_ADVERT_BYTES]);
helmet_status helmet_open_advert(helmet_advert *a, const uint8_t *bytes, size_t length, const uint8_t *key);

/* ---- Parts ---- */

void helmet_siphash(const uint8_t *key, const uint8_t *bytes, size_t length, uint8_t mac[HELMET_MAC_BYTES]);
uint32_t helmet_crc32c(const uint8_t *bytes, size_t length);

#ifdef __cplusplus
}
#endif

#endif
