import { type ReactNode, type RefObject, useRef } from 'react'
import { Button, type ButtonProps } from './button.tsx'

export type FileInputProps = {
  readonly input: RefObject<HTMLInputElement | null>
  /** Endings or types, as the attribute has them. */
  readonly accept?: string
  readonly isMany?: boolean
  /** A whole folder, with all below it. */
  readonly isFolder?: boolean
  readonly name?: string
  /** For what finds it without a button: a name that a screen reader would say. */
  readonly label?: string
  readonly onFiles: (files: readonly File[]) => void
}

/** The browser's own choice of files, opened by whoever has `input`. The same file can be chosen twice in a row. */
export function FileInput(props: FileInputProps): ReactNode {
  const { input, accept, isMany = false, isFolder = false, name, label, onFiles } = props
  return (
    <input
      ref={input}
      type="file"
      hidden
      multiple={isMany || isFolder}
      {...(accept === undefined ? {} : { accept })}
      {...(isFolder ? { webkitdirectory: '' } : {})}
      {...(name === undefined ? {} : { name })}
      {...(label === undefined ? {} : { 'aria-label': label })}
      onChange={({ currentTarget }) => {
        const chosen = [...(currentTarget.files ?? [])]
        currentTarget.value = ''
        if (chosen.length > 0) onFiles(chosen)
      }}
    />
  )
}

export type FileChooserProps = Pick<FileInputProps, 'accept'> &
  Pick<ButtonProps, 'look' | 'size' | 'isWide' | 'icon' | 'children'> & {
    readonly onFile: (file: File) => void
  }

/** A button that takes one file of this computer. */
export function FileChooser({ accept, onFile, ...button }: FileChooserProps): ReactNode {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <FileInput
        input={input}
        {...(accept === undefined ? {} : { accept })}
        onFiles={([file]) => file !== undefined && onFile(file)}
      />
      <Button {...button} onPress={() => input.current?.click()} />
    </>
  )
}
