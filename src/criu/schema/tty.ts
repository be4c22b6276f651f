import {
  bool,
  bytes,
  enumeration,
  type Infer,
  message,
  oneOf,
  optional,
  repeated,
  sub,
  uint32,
} from '../schema.js';
import { HEX } from './flags.js';
import { fownEntry } from './fown.js';

// Terminals. Field numbers, names and types are those of images/*.proto, CRIU 4.2.

/** `TtyType` of tty.proto. */
export const ttyTypeNames = enumeration({
  UNKNOWN: 0,
  PTY: 1,
  CONSOLE: 2,
  VT: 3,
  CTTY: 4,
  EXT_TTY: 5,
  SERIAL: 6,
});

/** `winsize_entry` of tty.proto: a terminal's size in characters and pixels. */
export const winsizeEntry = message('winsize_entry', {
  ws_row: uint32(1),
  ws_col: uint32(2),
  ws_xpixel: uint32(3),
  ws_ypixel: uint32(4),
});
export type WinsizeEntry = Infer<typeof winsizeEntry>;

/** `termios_entry` of tty.proto: a terminal's settings: termios(3). */
export const termiosEntry = message('termios_entry', {
  c_iflag: uint32(1),
  c_oflag: uint32(2),
  c_cflag: uint32(3),
  c_lflag: uint32(4),
  c_line: uint32(5),
  c_ispeed: uint32(6),
  c_ospeed: uint32(7),
  c_cc: repeated(uint32(8)),
});
export type TermiosEntry = Infer<typeof termiosEntry>;

/** `tty_pty_entry` of tty.proto. */
export const ttyPtyEntry = message('tty_pty_entry', {
  index: uint32(1),
});
export type TtyPtyEntry = Infer<typeof ttyPtyEntry>;

/** `tty_data_entry` of tty.proto: bytes in a terminal that nobody has read. */
export const ttyDataEntry = message('tty_data_entry', {
  tty_id: uint32(1),
  data: bytes(2),
});
export type TtyDataEntry = Infer<typeof ttyDataEntry>;

/** `tty_info_entry` of tty.proto: a terminal. */
export const ttyInfoEntry = message('tty_info_entry', {
  id: uint32(1),
  type: oneOf(2, ttyTypeNames),
  locked: bool(3),
  exclusive: bool(4),
  packet_mode: bool(5),
  sid: uint32(6),
  pgrp: uint32(7),
  rdev: uint32(8),
  termios: optional(sub(9, termiosEntry)),
  termios_locked: optional(sub(10, termiosEntry)),
  winsize: optional(sub(11, winsizeEntry)),
  pty: optional(sub(12, ttyPtyEntry)),
  dev: optional(uint32(13)),
  uid: optional(uint32(14)),
  gid: optional(uint32(15)),
});
export type TtyInfoEntry = Infer<typeof ttyInfoEntry>;

/** `tty_file_entry` of tty.proto: an open terminal. */
export const ttyFileEntry = message('tty_file_entry', {
  id: uint32(1),
  tty_info_id: uint32(2),
  flags: uint32(3, HEX),
  fown: sub(4, fownEntry),
  regf_id: optional(uint32(6)),
});
export type TtyFileEntry = Infer<typeof ttyFileEntry>;
