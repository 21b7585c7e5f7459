/** lodash's `pickBy` for plain objects with string keys. */
export default (object, predicate) => {
  const picked = {};
  for (const key in object) if (predicate(object[key], key)) picked[key] = object[key];
  return picked;
};
