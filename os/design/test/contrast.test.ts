import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

type Rgb = readonly [number, number, number]
type Mode = 'light' | 'dark'
const css = readFileSync(new URL('../styles/tokens.css', import.meta.url), 'utf8')
const surfaces = ['canvas', 'surface', 'raised', 'sunken'] as const
const fills = ['fill', 'fill-hover'] as const
const meanings = ['danger', 'warning', 'success'] as const

const themes = (['light', 'dark'] as const).flatMap((mode) => [
  { mode, contrast: 'standard', aa: 4.5, tokens: tokensOf(mode, false) },
  { mode, contrast: 'more', aa: 7, tokens: tokensOf(mode, true) },
])

for (const { mode, contrast, aa, tokens } of themes) {
  const ratio = (ink: string, paper: string): number =>
    contrastOf(colourOf(tokens, ink), colourOf(tokens, paper))
  const least = (ink: string, paper: string, min: number): void => {
    const found = ratio(ink, paper)
    assert.ok(found >= min, `${mode}, ${contrast}: ${ink} on ${paper} is ${found.toFixed(2)}, not ${min}`)
  }

  test(`every text can be read on every surface: ${mode}, ${contrast} contrast`, () => {
    for (const paper of surfaces) {
      for (const ink of [
        'text',
        'text-soft',
        'text-faint',
        'accent-text',
        'danger-text',
        'warning-text',
        'success-text',
      ])
        least(ink, paper, aa)
    }
    for (const paper of fills) for (const ink of ['text', 'text-soft']) least(ink, paper, 4.5)
    least('text', 'fill-pressed', 4.5)
    for (const meaning of meanings) least(`${meaning}-text`, `${meaning}-soft`, 4.5)
    for (const paper of ['accent-soft', 'accent-soft-hover']) least('accent-text', paper, 4.5)
    for (const paper of ['accent', 'accent-hover', 'accent-pressed']) least('on-accent', paper, 4.5)
    for (const paper of ['danger', 'danger-hover']) least('on-danger', paper, 4.5)
  })

  test(`the edge of what can be used, and the ring of what has the keyboard, are seen: ${mode}, ${contrast} contrast`, () => {
    for (const paper of ['surface', 'raised']) {
      least('line-strong', paper, 3)
      least('accent', paper, 3)
    }
  })
}

function tokensOf(mode: Mode, isMore: boolean): Map<string, string> {
  const found = new Map<string, string>()
  const blocks = [
    /:root \{([^}]*)\}/.exec(css)?.[1],
    isMore ? /\[data-contrast=["']more["']\] \{([^}]*)\}/.exec(css)?.[1] : '',
  ]
  for (const block of blocks) {
    assert.ok(block !== undefined, 'tokens.css has lost a block')
    for (const [, name, value] of block.matchAll(/--aq-([\w-]+):\s*([^;]+);/g)) {
      const both = /^light-dark\(\s*(oklch\([^)]*\)),\s*(oklch\([^)]*\))\s*\)$/.exec((value as string).trim())
      if (both !== null) found.set(name as string, (mode === 'light' ? both[1] : both[2]) as string)
    }
  }
  return found
}

function colourOf(tokens: ReadonlyMap<string, string>, name: string): Rgb {
  const value = tokens.get(name)
  assert.ok(value !== undefined, `tokens.css has no colour ${name}`)
  const [l, c, h] = (value.match(/[\d.]+/g) ?? []).map(Number) as [number, number, number]
  return rgbOf(l, c, h)
}

/** OKLCH to linear sRGB: Björn Ottosson, "A perceptual color space for image processing" (2020); clipped, as a screen does. */
function rgbOf(lightness: number, chroma: number, hue: number): Rgb {
  const a = chroma * Math.cos((hue * Math.PI) / 180)
  const b = chroma * Math.sin((hue * Math.PI) / 180)
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
  const clip = (value: number): number => Math.max(0, Math.min(1, value))
  return [
    clip(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    clip(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    clip(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ]
}

/** WCAG 2.2, relative luminance and contrast ratio. */
function contrastOf(one: Rgb, other: Rgb): number {
  const [light, dark] = [one, other]
    .map(([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b)
    .sort((x, y) => y - x) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}
