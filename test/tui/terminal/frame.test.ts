import xterm from '@xterm/headless';
import { describe, expect, it } from 'vitest';
import { FrameWriter } from '../../../src/tui/terminal/frame.js';

const { Terminal } = xterm;

function screen(columns: number, rows: number) {
  const terminal = new Terminal({ cols: columns, rows, allowProposedApi: true });
  let sent = '';
  const size = { columns, rows };
  const frames = new FrameWriter(
    (text) => {
      sent += text;
    },
    () => ({ ...size }),
  );
  const shown = async (): Promise<string[]> => {
    await new Promise<void>((resolve) => terminal.write(sent, resolve));
    sent = '';
    return Array.from({ length: size.rows }, (_, row) =>
      (
        terminal.buffer.active.getLine(terminal.buffer.active.baseY + row)?.translateToString(true) ?? ''
      ).trimEnd(),
    );
  };
  return {
    frames,
    shown,
    size,
    sentBytes: () => sent.length,
    resize: (c: number, r: number) => {
      terminal.resize(c, r);
      size.columns = c;
      size.rows = r;
    },
  };
}

describe('FrameWriter', () => {
  it('uses the last row and the last column without scrolling', async () => {
    const { frames, shown } = screen(10, 3);
    frames.draw(['0123456789', 'two', 'abcdefghij'].join('\n'));
    expect(await shown()).toEqual(['0123456789', 'two', 'abcdefghij']);
    frames.draw(['9876543210', '', 'jihgfedcba'].join('\n'));
    expect(await shown()).toEqual(['9876543210', '', 'jihgfedcba']);
  });

  it('sends only what changed', async () => {
    const { frames, shown, sentBytes } = screen(80, 24);
    const lines = Array.from({ length: 24 }, (_, row) => `line ${row} ${'x'.repeat(60)}`);
    frames.draw(lines.join('\n'));
    await shown();
    frames.draw(lines.join('\n'));
    expect(sentBytes()).toBe(0);
    frames.draw(lines.with(5, 'changed').join('\n'));
    expect(sentBytes()).toBeLessThan(60);
    expect((await shown())[5]).toBe('changed');
  });

  it('draws everything anew after a resize, and nothing once detached', async () => {
    const { frames, shown, resize } = screen(20, 4);
    frames.draw('a\nb\nc\nd');
    await shown();
    resize(12, 2);
    frames.draw('e\nf\ng');
    expect(await shown()).toEqual(['e', 'f']);
    frames.detach();
    frames.draw('x\ny');
    expect(await shown()).toEqual(['e', 'f']);
  });
});
