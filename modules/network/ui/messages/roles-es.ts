import type { rolesEn } from './roles-en.ts'

export const rolesEs: Readonly<Record<keyof typeof rolesEn, string>> = {
  'place.roles': 'Papeles',
  'drawn.page': 'Papeles en la red',
  'drawn.page.text':
    'Nadie reparte papeles. Los MasterNodes salen por sorteo para un periodo, y miden a los Operators.',
  'drawn.failed': 'El nodo no ha dicho quién tiene qué papel',
  'drawn.off': 'Hay papeles cuando está en una.',
  'drawn.title': 'Sorteados para este periodo',
  'drawn.text': 'MasterNodes: {masters}, sorteados entre {relays} relés hasta {until}.',
  'drawn.none': 'Nadie está sorteado para este periodo',
  'drawn.none.text':
    'Los relés de la red aún no se han puesto de acuerdo, o no hay ninguno. Lo hacen una vez por hora.',
  'drawn.seed': 'Semilla con la que cualquiera repite el sorteo',
  'drawn.votes': 'Firmas que la respaldan, comprobadas aquí',
  'drawn.votes.of': '{votes}, de {needed} como mínimo',
  'drawn.trust': 'De dónde la tiene este nodo',
  'drawn.trust.agreed': 'vio a la red ponerse de acuerdo',
  'drawn.trust.provisional': 'de otros, por cercana a lo que él sabe',
  'drawn.you': 'Tú',
  'drawn.other': 'MasterNode',
  'operators.title': 'Operators',
  'operators.text':
    'Cada uno dice qué parte del tiempo está. Los MasterNodes miran en momentos que nadie puede prever.',
  'operators.none': 'Nadie se ofrece como Operator',
  'operators.none.text': 'Para serlo, arranca tu nodo con:',
  'operators.measuring': 'Tu nodo es ahora MasterNode, y mide a: {count}',
  'operator.unmeasured': 'Garantiza {guarantee} · aún sin medir',
  'operator.measured': 'Garantiza {guarantee} · estuvo {uptime} · periodos medidos: {measured}',
  'operator.held': 'Cumple su palabra',
  'operator.new': 'Nuevo',
  'operator.lost': 'Perdió su papel',
  'fitness.title': 'Lo apto que es tu nodo',
  'fitness.text':
    'Una cifra de tu propio nodo, para ti: no obliga a nadie. Lo que no se ha medido no cuenta.',
  'fitness.meter': 'Aptitud',
  'fitness.of': '{rate} de 100',
  'fitness.reach': 'Otros pueden entrar',
  'fitness.uptime': 'Está ahí',
  'fitness.latency': 'Responde deprisa',
  'fitness.capacity': 'Da ancho de banda',
  'fitness.unknown': 'sin medir',
}
