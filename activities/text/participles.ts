/** The English participle of a verb: "wound" of "wind". Pure. */

/** Verbs that books tell of, each before its participle. */
const IRREGULAR: ReadonlyMap<string, string> = new Map(
  (
    'bear borne,beat beaten,begin begun,bend bent,bind bound,bite bitten,blow blown,break broken,breed bred,bring brought,' +
    'build built,buy bought,catch caught,choose chosen,cut cut,deal dealt,dig dug,do done,draw drawn,drink drunk,drive driven,' +
    'eat eaten,feed fed,feel felt,fight fought,find found,forbid forbidden,forget forgotten,forgive forgiven,freeze frozen,' +
    'get got,give given,grind ground,grow grown,hang hung,have had,hear heard,hide hidden,hit hit,hold held,keep kept,' +
    'know known,lay laid,lead led,leave left,lend lent,let let,light lit,lose lost,make made,mean meant,meet met,pay paid,' +
    'put put,read read,ride ridden,ring rung,run run,say said,see seen,seek sought,sell sold,send sent,set set,shake shaken,' +
    'shoot shot,show shown,shut shut,sing sung,sink sunk,sow sown,speak spoken,spend spent,spin spun,split split,spread spread,' +
    'steal stolen,strike struck,sweep swept,swim swum,take taken,teach taught,tear torn,tell told,think thought,throw thrown,' +
    'understand understood,wake woken,wear worn,weave woven,win won,wind wound,write written'
  )
    .split(',')
    .map((pair) => {
      const [verb = '', participle = ''] = pair.split(' ');
      return [verb, participle];
    }),
);

/** False rather than guessed: of a regular verb only what is spelt by the rules is taken for its participle. */
export function hasParticiple(verb: string, participle: string): boolean {
  const irregular = IRREGULAR.get(verb);
  if (irregular !== undefined) return participle === irregular;
  if (!/^[a-z]{3,}$/.test(verb)) return false;
  if (verb.endsWith('e')) return participle === `${verb}d`;
  if (/[^aeiou]y$/.test(verb)) return participle === `${verb.slice(0, -1)}ied`;
  return (
    participle === `${verb}ed` ||
    (/[aeiou][bdglmnprt]$/.test(verb) && participle === `${verb}${verb.at(-1)}ed`)
  );
}
