/** lodash's `has` for keys that are no paths. */
export default (object, key) => object != null && Object.hasOwn(object, key);
