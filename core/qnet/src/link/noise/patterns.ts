/**
 * What a handshake message carries, in order. `e1` and `ekem1` are those of the Noise extension for hybrid forward secrecy
 * (noise_hfs_spec, "hfs"): a fresh public key of a KEM, and what was encapsulated to it.
 */
export type Token = 'e' | 's' | 'ee' | 'es' | 'se' | 'ss' | 'e1' | 'ekem1'
export type PatternName = 'XK' | 'XX' | 'IK'
export type Pattern = {
  /** Whether the initiator knows the responder's static key beforehand. */
  readonly isResponderKnown: boolean
  readonly messages: readonly (readonly Token[])[]
}

/** Section 7.5 of the Noise Protocol Framework. Links use XK; the other two let outside vectors prove more of the code. */
const patterns: Readonly<Record<PatternName, Pattern>> = {
  XK: {
    isResponderKnown: true,
    messages: [
      ['e', 'es'],
      ['e', 'ee'],
      ['s', 'se'],
    ],
  },
  XX: { isResponderKnown: false, messages: [['e'], ['e', 'ee', 's', 'es'], ['s', 'se']] },
  IK: {
    isResponderKnown: true,
    messages: [
      ['e', 'es', 's', 'ss'],
      ['e', 'ee', 'se'],
    ],
  },
}

export function patternOf(name: PatternName, isHybrid: boolean): Pattern {
  const pattern = patterns[name]
  return isHybrid ? { ...pattern, messages: pattern.messages.map(withKem) } : pattern
}

export function protocolNameOf(name: PatternName, isHybrid: boolean): string {
  return isHybrid
    ? `Noise_${name}hfs_25519+ML-KEM-768_ChaChaPoly_SHA256`
    : `Noise_${name}_25519_ChaChaPoly_SHA256`
}

/** `e1` stands behind the first `e` and the exchange that follows it, so that it is sealed where it can be; `ekem1` behind `ee`. */
function withKem(tokens: readonly Token[], index: number): readonly Token[] {
  const at = index === 0 ? tokens.indexOf('e') + (tokens[1] === 'es' ? 2 : 1) : tokens.indexOf('ee') + 1
  if (at === 0) return tokens
  return [...tokens.slice(0, at), index === 0 ? 'e1' : 'ekem1', ...tokens.slice(at)]
}
