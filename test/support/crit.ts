import { type CritValue, jsonOf } from '../../src/criu/json-text.js';
import { parseExact } from './json.js';
import { labRun } from './lab.js';

/** Images from JSON, or given as they are; then what crit decode, crit decode --pretty and crit info make of them. */
const CRIT = `
import base64, io, json, sys
from pycriu import images
decode = base64.decodebytes # pycriu 4.2 hands it text for some kinds, which it refuses
base64.decodebytes = lambda data: decode(data.encode() if isinstance(data, str) else data)
def attempt(f):
    try: return f()
    except Exception: return None
def read(image):
    if isinstance(image, str): return base64.b64decode(image)
    f = io.BytesIO(); images.dump(image, f)
    return f.getvalue()
json.dump({name: (lambda data: {
    'image': base64.b64encode(data).decode(), 'plain': attempt(lambda: images.loads(data)),
    'pretty': attempt(lambda: images.loads(data, True)), 'info': attempt(lambda: images.info(io.BytesIO(data))),
})(read(image)) for name, image in json.load(sys.stdin).items()}, sys.stdout)
`;

/** What crit makes of an image; null where it fails. */
export interface CritAnswer {
  /** The image in base64. */
  readonly image: string;
  readonly plain: unknown;
  readonly pretty: unknown;
  readonly info: unknown;
}

/**
 * Has crit encode (an object) or take (bytes in base64) images, and decode them: JSON text of what
 * {@link parseCritAnswers} answers.
 *
 * @param images by any names
 */
export function askCrit(images: Readonly<Record<string, CritValue>>): string {
  return labRun(['python3', '-c', CRIT], jsonOf(images)).toString();
}

/** Integers that JavaScript cannot hold are as {@link parseExact} has them. */
export function parseCritAnswers(text: string): Map<string, CritAnswer> {
  return new Map(Object.entries(parseExact(text) as Record<string, CritAnswer>));
}
