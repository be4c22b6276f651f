import { describe, expect, test } from 'vitest';
import { looksLikeUrl, shownUrl, withShownUrls } from '../../src/base/shown-url.js';

describe('shownUrl', () => {
  test.each([
    ['https://h.example/x.tar', 'https://h.example/x.tar'],
    ['https://user:PW@h.example:8443/a/x.tar?X-Amz-Signature=SIG#frag', 'https://h.example:8443/a/x.tar'],
    ['HTTPS://user:PW@H/x?SIG', 'HTTPS://H/x'],
    ['ftp://user:PW@h/x?SIG', 'ftp://h/x'],
    ['s3://KEY:SECRET@bucket/key?SIG', 's3://bucket/key'],
    ['https:/user:PW@h/x?SIG', 'https:/h/x'],
    ['https:user:PW@h/x?SIG', 'https:h/x'],
    ['https:\\\\user:PW@h\\x?SIG', 'https:\\\\h\\x'],
    ['https//user:PW@h/x?SIG', 'https//h/x'],
    ['https%3A//user:PW@h/x?SIG', 'https%3A//h/x'],
    ['//user:PW@h/x?SIG', '//h/x'],
    ['user:PW@h/x?SIG', 'h/x'],
    [' https://user:PW@h/x?SIG', ' https://h/x'],
    ['https://us er:P W@h/x?S I G', 'https://h/x'],
    ['http://u:PW@h:99999/', 'http://h:99999/'],
    ['http://h:PW/x', 'http://h/x'],
    ['http://u:PW@[::1]:80/x?SIG', 'http://[::1]:80/x'],
    ['https://u:P/W@h/x', 'https://...@h/x'],
    ['https://u:P?W@h/x', 'https://...'],
    ['https://u:1/W@h/x?SIG', 'https://...@h/x'],
    ['https://me@corp:P/W@h/x', 'https://...@h/x'],
    ['https://h/x?a=SIG@SIG', 'https://h/x'],
    ['https://h/a@b.tar', 'https://h/a@b.tar'],
    ['https://u:PW@h/a@b.tar', 'https://h/a@b.tar'],
    ['h.example/x?X-Amz-Signature=SIG', 'h.example/x'],
    ['dir/https:/user:PW@h/x?SIG', 'dir/https:/h/x'],
    ['<https://user:PW@h/x>', '<https://h/x>'],
    ['identity file https://u:P W@h/k?SIG', 'identity file https://h/k'],
  ])('%s as %s', (text, shown) => {
    expect(shownUrl(text)).toBe(shown);
  });

  test.each([
    'evidence.tar.zst.age',
    '/var/lib/kubelet/checkpoints/checkpoint-a_b-c-2024-01-01T10:00:00Z.tar',
    './user:pw@host',
    '/cases/10:30/ada@corp/x.tar',
    'what?.tar',
    'a#b.tar',
    'ada@corp.tar',
    'a//b/c.tar',
    '-',
    '',
    'C:',
  ])('%s is no URL', (text) => {
    expect(shownUrl(text)).toBe(text);
    expect(looksLikeUrl(text)).toBe(false);
  });
});

test('withShownUrls finds them in the middle of other words', () => {
  const path = 'https:/u:P W@h/x?S I G';
  expect(withShownUrls(`ENOENT: no such file, open '${path}'`, [path])).toBe(
    "ENOENT: no such file, open 'https:/h/x'",
  );
  expect(withShownUrls('see "https://u:PW@h/x?SIG", or http://u:PW@h: it fails (ftp://u:PW@h/).')).toBe(
    'see "https://h/x", or http://h: it fails (ftp://h/).',
  );
  const frame = '    at f (file:///w/node_modules/a@1.2.3/x.js:1:2)';
  expect(withShownUrls(frame)).toBe(frame);
});

test('takes time in proportion, whatever the text', () => {
  const started = performance.now();
  for (const piece of ['a', ':', ':/', 'a:/', '@', '?', '//', 'a:@', '=', '.', 'https:', ' ']) {
    const text = piece.repeat(Math.floor(200_000 / piece.length));
    for (const each of [text, `https://${text}`])
      expect(withShownUrls(shownUrl(each)).length).toBeLessThan(each.length + 9);
  }
  // quadratic would be minutes
  expect(performance.now() - started).toBeLessThan(20_000);
});
