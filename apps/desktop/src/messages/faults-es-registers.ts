/** Faults in Spanish: registers, and those who decide on them. */
import type { FaultTexts } from '@anarq/design'

export const registerFaultsEs: FaultTexts = {
  'busy.register': 'Otro cambio de este registro se está decidiendo. Espera a que termine.',
  'conflict.register':
    'Otro cambio de este registro llegó antes y es el que vale. Míralo y cámbialo otra vez si aún quieres.',
  'damaged.register': 'Un registro guardado no se lee. Se pedirá otra vez a los demás.',
  'invalid.reference': 'Eso no es un registro. Copia entera la línea que empieza por anarq-register:.',
  'invalid.register': 'Ese registro no puede ser como se describe. Pide la referencia otra vez.',
  'invalid.register-name':
    'Ese nombre no vale para un registro, o lo tienen varios. Di la clase, o da la referencia.',
  'invalid.register-writers':
    'Esas llaves no pueden escribir en el registro: como mucho 16, y ninguna en uno privado.',
  'limit.register-value':
    'En un registro caben 16.000 bytes. Guarda más en tus archivos y pon aquí su nombre.',
  'limit.registers': 'Este nodo ya guarda todos los registros que puede. Pregunta a otro.',
  'missing.register':
    'Nadie de los que responden guarda ese registro. Revisa la referencia, o pregunta más tarde.',
  'refused.register': 'Lo que se mostró de un registro no está probado y no se tomó. Pídelo a otro.',
  'refused.register-room': 'Este nodo no guarda ese registro. Pídeselo a un vecino de quien lo hizo.',
  'refused.register-writer':
    'En este registro solo escriben su dueño y quienes nombró al hacerlo. Pídeselo a ellos.',
  'unavailable.electors': 'Todavía no hay quien decida sobre registros. Inténtalo más tarde.',
  'unavailable.quorum':
    'No respondieron bastantes de los que deciden sobre este registro. Quizá aún se decida: mira antes de repetir.',
  'unavailable.register': 'No responde nadie que pueda guardar este registro. Inténtalo más tarde.',
}
