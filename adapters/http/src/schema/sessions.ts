import { bytesText, described, fields, flag, type Schema, text, time } from './parts.ts'

export const sessionSchemas: Readonly<Record<string, Schema>> = {
  Session: fields({
    did: text,
    name: text,
    kind: text,
    keyid: text,
    certificate: described(text, 'For the header Anarq-Session.'),
    expiresMs: time,
  }),
  PageSession: fields({ id: text, browser: text, sinceMs: time, untilMs: time, isCurrent: flag }),
  PasskeySlot: fields({ credential: bytesText, host: text, salt: bytesText }),
  Passkey: fields({ credential: bytesText, host: text, name: text, addedMs: time }),
  PageAsk: fields({ id: text, browser: text, digits: text, askedMs: time }),
}
