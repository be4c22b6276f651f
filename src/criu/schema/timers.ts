import { type Infer, int32, message, optional, repeated, sub, uint32, uint64 } from '../schema.js';
import { HEX } from './flags.js';
import { fownEntry } from './fown.js';

// Times, timers and the time namespace. Field numbers, names and types are those of images/*.proto, CRIU 4.2.

/** `timeval` of time.proto: seconds and microseconds. */
export const timeval = message('timeval', {
  tv_sec: uint64(1),
  tv_usec: uint64(2),
});
export type Timeval = Infer<typeof timeval>;

/** `itimer_entry` of timer.proto: a timer of setitimer(2): interval, and time left. */
export const itimerEntry = message('itimer_entry', {
  isec: uint64(1),
  iusec: uint64(2),
  vsec: uint64(3),
  vusec: uint64(4),
});
export type ItimerEntry = Infer<typeof itimerEntry>;

/** `posix_timer_entry` of timer.proto: a timer of timer_create(2): interval, and time left. */
export const posixTimerEntry = message('posix_timer_entry', {
  it_id: uint32(1),
  clock_id: uint32(2),
  si_signo: uint32(3),
  it_sigev_notify: uint32(4),
  sival_ptr: uint64(5),
  overrun: uint32(6),
  isec: uint64(7),
  insec: uint64(8),
  vsec: uint64(9),
  vnsec: uint64(10),
  notify_thread_id: optional(int32(11)),
});
export type PosixTimerEntry = Infer<typeof posixTimerEntry>;

/** `task_timers_entry` of timer.proto: all timers of a task but timerfds. */
export const taskTimersEntry = message('task_timers_entry', {
  real: sub(1, itimerEntry),
  virt: sub(2, itimerEntry),
  prof: sub(3, itimerEntry),
  posix: repeated(sub(4, posixTimerEntry)),
});
export type TaskTimersEntry = Infer<typeof taskTimersEntry>;

/** `timespec` of timens.proto: seconds and nanoseconds. */
export const timespec = message('timespec', {
  tv_sec: uint64(1),
  tv_nsec: uint64(2),
});
export type Timespec = Infer<typeof timespec>;

/** `timens_entry` of timens.proto: offsets of the clocks of a time namespace. */
export const timensEntry = message('timens_entry', {
  monotonic: sub(1, timespec),
  boottime: sub(2, timespec),
});
export type TimensEntry = Infer<typeof timensEntry>;

/** `timerfd_entry` of timerfd.proto: a timerfd: time left, interval, expirations not read. */
export const timerfdEntry = message('timerfd_entry', {
  id: uint32(1),
  flags: uint32(2, HEX),
  fown: sub(3, fownEntry),
  clockid: uint32(4),
  ticks: uint64(5),
  settime_flags: uint32(6, HEX),
  vsec: uint64(7),
  vnsec: uint64(8),
  isec: uint64(9),
  insec: uint64(10),
});
export type TimerfdEntry = Infer<typeof timerfdEntry>;
