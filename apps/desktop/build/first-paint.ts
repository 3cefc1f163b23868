import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import type { Plugin } from 'vite'
import { Wallpaper } from '../src/shell/wallpaper.tsx'

/** The wallpaper stands in the page before any script, as the desktop draws it: nobody looks at an empty page, and nothing jumps. */
export function firstPaint(): Plugin {
  return {
    name: 'anarq-first-paint',
    transformIndexHtml: (page) =>
      page.replace(/(?<=<div id="root">)<!--.*?-->/, () => renderToStaticMarkup(createElement(Wallpaper))),
  }
}
