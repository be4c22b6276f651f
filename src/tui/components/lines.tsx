import { Box, Text } from 'ink';
import type { ReactElement } from 'react';

/**
 * Lines that are cut and coloured already, one text a line: were they one text, a single line that Ink measures
 * wider than we do would be cut together with all the others.
 */
export function Lines({
  lines,
  width,
}: {
  readonly lines: readonly string[];
  readonly width: number;
}): ReactElement {
  return (
    <Box flexDirection="column" width={width} flexShrink={0}>
      {lines.map((line, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line has no identity but its place on the screen
        <Text key={row} wrap="truncate-end">
          {line === '' ? ' ' : line}
        </Text>
      ))}
    </Box>
  );
}
