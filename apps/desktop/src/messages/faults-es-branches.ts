/** Faults in Spanish: branches. */
import type { FaultTexts } from '@anarq/design'

export const branchFaultsEs: FaultTexts = {
  'conflict.branch': 'Eso es ya de una rama, o este nodo es ya miembro de ella. Míralo en la lista de ramas.',
  'conflict.not-empty': 'La carpeta tiene algo dentro. Da a la rama una vacía y pon allí las cosas de nuevo.',
  'invalid.branch': 'Eso no son los documentos de esta rama, o no los firmó quien puede. No se guardó nada.',
  'invalid.branch-proof': 'Esta prueba no vale: algo en ella no está firmado por quien debe. Pide otra.',
  'invalid.certificate': 'Eso no es un certificado de miembro. Pídelo otra vez a quien administra la rama.',
  'invalid.charter':
    'Con esas reglas no puede haber una rama. Cambia el nombre, quién administra o las reglas.',
  'invalid.custody': 'Un nodo que dice guardar algo no lo firmó. Pide la prueba otra vez.',
  'invalid.revocation':
    'Eso no termina la participación de nadie. Pídelo otra vez a quien administra la rama.',
  'limit.branch': 'La rama tiene más documentos de los que puede. Deja que acaben los más viejos.',
  'limit.branch-proof': 'Es demasiado para una sola prueba. Prueba las carpetas de dentro, una por una.',
  'missing.applicant': 'Ningún nodo así pide entrar en la rama. Mira quién lo pide y cópialo entero.',
  'missing.branch': 'Aquí no hay una rama así, o todavía no dejó entrar a este nodo. Mira la lista de ramas.',
  'missing.member': 'Ningún miembro de la rama empieza así. Cópialo entero de la lista.',
  'refused.branch-admin': 'Eso solo lo puede hacer quien administra la rama. Pídeselo.',
  'refused.branch-border':
    'Lo que está en la carpeta de una rama se queda en ella, y nada se mueve o copia a ella. Ponlo allí de nuevo, desde un disco.',
  'refused.branch-member': 'Este nodo no es ahora miembro de la rama. Pide que lo dejen entrar.',
  'refused.branch-outside':
    'Las reglas de la rama no dejan compartirlo con otros. Compártelo con un miembro.',
  'refused.branch-stays': 'Lo que hay en esta rama se queda con sus miembros. Compártelo con uno de ellos.',
  'unavailable.branches': 'Esta carpeta de nodo no puede guardar lo que es de una rama. Actualiza AnarQ.',
}
