const size = { width: 1200, height: 800 } as const

/** The rings of the wallpaper as a picture: drawn here, so that it is nobody's photograph. */
export async function drawRings(): Promise<Uint8Array> {
  const canvas = document.createElement('canvas')
  canvas.width = size.width
  canvas.height = size.height
  const pen = canvas.getContext('2d')
  if (pen === null) throw new Error('This browser draws no pictures.')
  const sky = pen.createLinearGradient(0, 0, size.width, size.height)
  sky.addColorStop(0, '#f6efe1')
  sky.addColorStop(0.55, '#cfe7e4')
  sky.addColorStop(1, '#5fa8a6')
  pen.fillStyle = sky
  pen.fillRect(0, 0, size.width, size.height)
  pen.strokeStyle = 'rgb(255 255 255 / 0.75)'
  pen.lineCap = 'round'
  for (let ring = 1; ring <= 9; ring += 1) {
    pen.lineWidth = 2 + ring
    pen.beginPath()
    pen.arc(size.width * 0.7, size.height * 0.62, ring * 62, ring * 0.7, ring * 0.7 + Math.PI * 1.55)
    pen.stroke()
  }
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'))
  if (blob === null) throw new Error('This browser draws no pictures.')
  return new Uint8Array(await blob.arrayBuffer())
}
