/** A few real files to begin with, made here and put as any file is. One folder holds them all: it can go as it came. */
import type { Locale } from '@anarq/design'
import { hasCode } from '@anarq/fault'
import type { StorageSdk } from '@anarq/sdk'
import { drawRings } from './picture.ts'

type Written = { readonly name: string; readonly type: string; readonly text: string }

const texts: Readonly<Record<Locale, { folder: string; picture: string; files: readonly Written[] }>> = {
  en: {
    folder: 'Examples',
    picture: 'Rings.png',
    files: [
      {
        name: 'Welcome.md',
        type: 'text/markdown',
        text: `# Welcome to your files

Everything here is sealed before it is written to the disk. Whoever takes the disk sees blocks of bytes: no names, no types, no folders.

## Things to try

- **Open** the picture beside this text with Enter or a double click.
- **Drop** a file or a whole folder from your computer into the window.
- **Share** a file: with whom, which rights, until when. Take it back in Consent.
- **Change** this text somewhere, put it here again, and compare the two versions.

When you have seen enough, remove the folder. Nothing else depends on it.
`,
      },
      {
        name: 'Shopping list.txt',
        type: 'text/plain',
        text: 'Bread\nOlive oil\nTomatoes\nA notebook for 24 words\n',
      },
    ],
  },
  es: {
    folder: 'Ejemplos',
    picture: 'Anillos.png',
    files: [
      {
        name: 'Bienvenida.md',
        type: 'text/markdown',
        text: `# Te damos la bienvenida a tus archivos

Todo lo que hay aquí se sella antes de escribirse en el disco. Quien se lleve el disco ve bloques de bytes: ni nombres, ni tipos, ni carpetas.

## Cosas que probar

- **Abre** la imagen que está junto a este texto con Intro o con doble clic.
- **Suelta** en la ventana un archivo o una carpeta entera de tu ordenador.
- **Comparte** un archivo: con quién, con qué permisos, hasta cuándo. Retíralo en Consentimiento.
- **Cambia** este texto en otra parte, vuelve a ponerlo aquí y compara las dos versiones.

Cuando hayas visto bastante, elimina la carpeta. Nada más depende de ella.
`,
      },
      {
        name: 'Lista de la compra.txt',
        type: 'text/plain',
        text: 'Pan\nAceite de oliva\nTomates\nUna libreta para 24 palabras\n',
      },
    ],
  },
}

/** The folder that they went to: a new one, whatever lies there already. */
export async function putSamples(
  storage: Pick<StorageSdk, 'entry' | 'write'>,
  locale: Locale,
  draw: () => Promise<Uint8Array> = drawRings,
): Promise<string> {
  const { folder, picture, files } = texts[locale]
  const to = await freeFolder(storage, `/${folder}`)
  for (const { name, type, text } of files)
    await storage.write({ path: `${to}/${name}`, bytes: new TextEncoder().encode(text), type })
  await storage.write({ path: `${to}/${picture}`, bytes: await draw(), type: 'image/png' })
  return to
}

const triesMax = 100

async function freeFolder(storage: Pick<StorageSdk, 'entry'>, wanted: string): Promise<string> {
  for (let turn = 1; turn < triesMax; turn += 1) {
    const path = turn === 1 ? wanted : `${wanted} ${turn}`
    const isFree = await storage.entry({ path }).then(
      () => false,
      (why: unknown) => {
        if (hasCode(why, 'missing')) return true
        throw why
      },
    )
    if (isFree) return path
  }
  return `${wanted} ${triesMax}`
}
