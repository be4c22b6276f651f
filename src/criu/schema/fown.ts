import { type Infer, message, uint32 } from '../schema.js';

// Who gets the signals of a file descriptor: F_SETOWN and F_SETSIG. Field numbers, names and types are those of
// images/*.proto, CRIU 4.2.

/** `fown_entry` of fown.proto: who gets the signals of a file. */
export const fownEntry = message('fown_entry', {
  uid: uint32(1),
  euid: uint32(2),
  signum: uint32(3),
  pid_type: uint32(4),
  pid: uint32(5),
});
export type FownEntry = Infer<typeof fownEntry>;
