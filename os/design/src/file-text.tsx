import type { ReactNode } from 'react'
import { TextField, type TextFieldProps } from './field.tsx'
import { FileChooser } from './file-chooser.tsx'

export type FileTextProps = Pick<TextFieldProps, 'label' | 'hint' | 'error' | 'size'> & {
  readonly value: string
  readonly onChange: (value: string) => void
  /** The words of the button that takes a file. */
  readonly choose: string
  readonly rows?: number
  readonly charactersMax?: number
}

/** A text that somebody carried here: pasted, or taken from the file that it came in. */
export function FileText({
  choose,
  charactersMax = 100_000,
  rows = 3,
  onChange,
  ...field
}: FileTextProps): ReactNode {
  // What is larger is not what was asked for: whoever reads the beginning of it says so.
  const take = async (file: File): Promise<void> =>
    onChange((await file.slice(0, charactersMax).text()).trim())
  return (
    <div className="aq-file-text">
      <TextField
        {...field}
        rows={rows}
        onChange={onChange}
        maxLength={charactersMax}
        autoComplete="off"
        spellCheck="false"
      />
      <div className="aq-acts">
        <FileChooser icon="upload" onFile={(file) => void take(file)}>
          {choose}
        </FileChooser>
      </div>
    </div>
  )
}
