/* What code calls besides functions of its own: containers, numbers, operators of aten. */
#include "torch_number.h"
#include "torch_run.h"

#include <stdlib.h>
#include <string.h>

/* ---- Containers ------------------------------------------------------------------------------ */

static int32_t get_item(torch_frame *f, torch_value from, torch_value index, torch_value *out)
{
    torch_reader *r = f->s->r;
    if (from.kind == TORCH_DICT && index.kind == TORCH_TEXT) {
        *out = torch_dict_get(from.dict, index.text);
        if (out->kind == TORCH_UNSET)
            return torch_fail(r, AMCT_E_FORMAT, "a dict has no '%.100s'", index.text);
        return AMCT_OK;
    }
    if (!torch_is_list(from) || index.kind != TORCH_INT)
        return torch_fail(r, AMCT_E_UNSUPPORTED, "an element of %s by %s",
                          torch_kind_name(from.kind), torch_kind_name(index.kind));
    int64_t n = (int64_t)from.list->n, i = index.i < 0 ? index.i + n : index.i;
    if (index.i < -n || i >= n)
        return torch_fail(r, AMCT_E_FORMAT, "element %lld of a list of %lld", (long long)index.i,
                          (long long)n);
    *out = from.list->at[i];
    return AMCT_OK;
}

static int32_t contains(torch_value list, torch_value v, torch_value *out)
{
    *out = torch_bool(false);
    if (list.kind == TORCH_DICT)
        *out = torch_bool(v.kind == TORCH_TEXT &&
                          torch_dict_get(list.dict, v.text).kind != TORCH_UNSET);
    for (size_t i = 0; torch_is_list(list) && i < list.list->n; i++)
        if (torch_equal(list.list->at[i], v))
            *out = torch_bool(true);
    return AMCT_OK;
}

static int32_t copy_list(torch_frame *f, torch_value list, torch_value *out)
{
    TORCH_TRY(torch_list_new(f->s->r, TORCH_LIST, list.list->n, out));
    if (list.list->n)
        memcpy(out->list->at, list.list->at, list.list->n * sizeof *list.list->at);
    return AMCT_OK;
}

/* list[start:end:step] */
static int32_t slice_list(torch_frame *f, const torch_value *args, uint32_t n, torch_value *out)
{
    const torch_list *list = args[0].list;
    int64_t size = (int64_t)list->n, at[3] = {0, size, 1};
    for (uint32_t i = 1; i < n; i++)
        if (args[i].kind == TORCH_INT)
            at[i - 1] = args[i].i;
    for (int i = 0; i < 2; i++) {
        at[i] += at[i] < 0 ? size : 0;
        at[i] = at[i] < 0 ? 0 : at[i] > size ? size : at[i];
    }
    if (at[2] < 1)
        return torch_fail(f->s->r, AMCT_E_UNSUPPORTED, "a slice of a list with this step");
    TORCH_TRY(torch_list_new(f->s->r, TORCH_LIST, 0, out));
    for (int64_t i = at[0]; i < at[1]; i += at[2]) {
        TORCH_TRY(torch_list_add(f->s->r, out->list, list->at[i]));
        if (at[2] > size)
            break;
    }
    return AMCT_OK;
}

/* Operators on lists and dicts; *done tells whether name is one of them. */
static int32_t on_container(torch_frame *f, const char *name, torch_value *args, uint32_t n,
                            torch_value *out, bool *done)
{
    torch_reader *r = f->s->r;
    *done = true;
    if (n == 2 && strcmp(name, "__getitem__") == 0)
        return get_item(f, args[0], args[1], out);
    if (n == 2 && strcmp(name, "__contains__") == 0)
        return contains(args[0], args[1], out);
    if (n == 1 && strcmp(name, "len") == 0 && torch_is_list(args[0]))
        return *out = torch_int((int64_t)args[0].list->n), AMCT_OK;
    if (n == 1 && strcmp(name, "len") == 0 && args[0].kind == TORCH_TEXT)
        return *out = torch_int((int64_t)strlen(args[0].text)), AMCT_OK;
    if (n == 1 && strcmp(name, "len") == 0 && args[0].kind == TORCH_DICT)
        return *out = torch_int((int64_t)args[0].dict->n), AMCT_OK;
    if (n == 1 && (strcmp(name, "list") == 0 || strcmp(name, "copy") == 0) &&
        torch_is_list(args[0]))
        return copy_list(f, args[0], out);
    if (n == 2 && strcmp(name, "append") == 0 && args[0].kind == TORCH_LIST) {
        *out = args[0];
        return torch_list_add(r, args[0].list, args[1]);
    }
    if (n == 2 && strcmp(name, "extend") == 0 && args[0].kind == TORCH_LIST &&
        torch_is_list(args[1])) {
        size_t count = args[1].list->n; /* it may be the same list */
        for (size_t i = 0; i < count; i++)
            TORCH_TRY(torch_list_add(r, args[0].list, args[1].list->at[i]));
        return *out = args[0], AMCT_OK;
    }
    if (n == 3 && strcmp(name, "_set_item") == 0) {
        if (args[0].kind == TORCH_DICT)
            return *out = torch_none(), torch_dict_set(r, args[0].dict, args[1], args[2]);
        torch_value old;
        TORCH_TRY(get_item(f, args[0], args[1], &old));
        int64_t i = args[1].i < 0 ? args[1].i + (int64_t)args[0].list->n : args[1].i;
        args[0].list->at[i] = args[2];
        return *out = torch_none(), AMCT_OK;
    }
    if (n >= 1 && n <= 4 && strcmp(name, "slice") == 0 && torch_is_list(args[0]))
        return slice_list(f, args, n, out);
    if (n == 1 && (strcmp(name, "keys") == 0 || strcmp(name, "values") == 0) &&
        args[0].kind == TORCH_DICT) {
        const torch_dict *dict = args[0].dict;
        TORCH_TRY(torch_list_new(r, TORCH_LIST, dict->n, out));
        if (dict->n)
            memcpy(out->list->at, name[0] == 'k' ? dict->keys : dict->values,
                   dict->n * sizeof *dict->keys);
        return AMCT_OK;
    }
    *done = false;
    return AMCT_OK;
}

/* ---- prim and Python's own ------------------------------------------------------------------- */

static int32_t on_prim(torch_frame *f, const char *name, torch_value *args, uint32_t n,
                       torch_value *out, bool *done)
{
    torch_reader *r = f->s->r;
    *done = true;
    if (strcmp(name, "RaiseException") == 0)
        return torch_fail(r, AMCT_E_UNSUPPORTED, "the code refuses its input: %.300s",
                          n && args[0].kind == TORCH_TEXT ? args[0].text : "");
    if (n >= 1 && strcmp(name, "format") == 0 && args[0].kind == TORCH_TEXT)
        return *out = args[0], AMCT_OK; /* a message */
    if (strcmp(name, "warn") == 0 || strcmp(name, "print") == 0 || strcmp(name, "Print") == 0 ||
        strcmp(name, "device") == 0)
        return *out = torch_none(), AMCT_OK;
    if (n == 1 && strcmp(name, "range") == 0 && args[0].kind == TORCH_INT)
        return *out = args[0], AMCT_OK;
    if (n == 1 && strcmp(name, "dtype") == 0 && args[0].kind == TORCH_TENSOR) {
        for (int64_t i = 0; i < 32; i++)
            if (torch_dtype_of_script(i) == args[0].tensor->dtype && args[0].tensor->dtype)
                return *out = torch_int(i), AMCT_OK;
        return *out = torch_int(6), AMCT_OK;
    }
    if (n == 1 && (strcmp(name, "is_cuda") == 0 || strcmp(name, "is_scripting") == 0 ||
                   strcmp(name, "is_nested") == 0 || strcmp(name, "is_autocast_enabled") == 0))
        return *out = torch_bool(false), AMCT_OK;
    if (n == 1 &&
        (strcmp(name, "NumToTensor") == 0 || strcmp(name, "unchecked_unwrap_optional") == 0 ||
         strcmp(name, "data") == 0 || strcmp(name, "_unwrap_optional") == 0 ||
         strcmp(name, "ImplicitTensorToNum") == 0 || strcmp(name, "ScalarImplicit") == 0 ||
         strcmp(name, "IntImplicit") == 0 || strcmp(name, "item") == 0))
        return *out = args[0], AMCT_OK;
    if (n == 1 && strcmp(name, "is_floating_point") == 0 && args[0].kind == TORCH_TENSOR)
        return *out = torch_bool(torch_dtype_is_float(args[0].tensor->dtype)), AMCT_OK;
    if (n == 1 && strcmp(name, "float") == 0 && args[0].kind == TORCH_TEXT)
        return *out = torch_float(strtod(args[0].text, NULL)), AMCT_OK;
    /* as in training, so that layers take their plain ways and not those of one operator */
    if (strcmp(name, "is_grad_enabled") == 0 || strcmp(name, "requires_grad") == 0)
        return *out = torch_bool(true), AMCT_OK;
    if (n == 1 && strcmp(name, "str") == 0)
        return *out = torch_string("cpu"), AMCT_OK; /* of a device */
    if (n == 0 && strncmp(name, "is_", 3) == 0)
        return *out = torch_bool(false), AMCT_OK;
    *done = false;
    return AMCT_OK;
}

static bool has_tensor(const torch_value *args, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (args[i].kind == TORCH_TENSOR)
            return true;
        for (size_t k = 0; torch_is_list(args[i]) && k < args[i].list->n; k++)
            if (args[i].list->at[k].kind == TORCH_TENSOR)
                return true;
    }
    return false;
}

/* Loops and sizes as tracing and scripting write them, on plain numbers. */
static int32_t on_numbers(torch_frame *f, const char *name, torch_value *args, uint32_t n,
                          torch_value *out, bool *done)
{
    torch_reader *r = f->s->r;
    bool ints = n > 0;
    for (uint32_t i = 0; i < n; i++)
        ints &= args[i].kind == TORCH_INT;
    *done = true;
    if (ints && n == 3 && strcmp(name, "__range_length") == 0 && args[2].i != 0) {
        int64_t span, step = args[2].i;
        if (__builtin_sub_overflow(args[1].i, args[0].i, &span) || step == INT64_MIN)
            return torch_fail(r, AMCT_E_LIMIT, "an integer overflows");
        bool any = step > 0 ? span > 0 : span < 0;
        return *out = torch_int(any ? (span - (step > 0 ? 1 : -1)) / step + 1 : 0), AMCT_OK;
    }
    if (ints && n == 3 && strcmp(name, "__derive_index") == 0) {
        int64_t v;
        if (__builtin_mul_overflow(args[0].i, args[2].i, &v) ||
            __builtin_add_overflow(v, args[1].i, &v))
            return torch_fail(r, AMCT_E_LIMIT, "an integer overflows");
        return *out = torch_int(v), AMCT_OK;
    }
    if (n == 2 && (strcmp(name, "__is__") == 0 || strcmp(name, "__isnot__") == 0))
        return torch_number_op(r, name, name, args, n, out); /* also of tensors */
    if (n == 2 && strcmp(name, "rsub") == 0 && args[0].kind != TORCH_TENSOR &&
        args[1].kind != TORCH_TENSOR)
        return torch_number_op(r, "sub", name, (const torch_value[]){args[1], args[0]}, 2, out);
    if (n == 1 && strcmp(name, "sum") == 0 && torch_is_list(args[0]) && !has_tensor(args, 1)) {
        torch_value sum = torch_int(0);
        for (size_t i = 0; i < args[0].list->n; i++)
            TORCH_TRY(torch_number_op(r, "add", name,
                                      (const torch_value[]){sum, args[0].list->at[i]}, 2, &sum));
        return *out = sum, AMCT_OK;
    }
    if (n == 3 && strcmp(name, "div") == 0 && args[2].kind == TORCH_TEXT &&
        args[0].kind != TORCH_TENSOR && args[1].kind != TORCH_TENSOR) { /* sizes are not negative */
        return torch_number_op(r, "floordiv", "div", args, 2, out);
    }
    if (n >= 2 && strcmp(name, "to") == 0 && args[1].kind == TORCH_INT &&
        (args[0].kind == TORCH_INT || args[0].kind == TORCH_FLOAT || args[0].kind == TORCH_SYMBOL))
        return torch_number_op(
            r, torch_dtype_is_float(torch_dtype_of_script(args[1].i)) ? "float" : "int", "to", args,
            1, out);
    *done = false;
    return AMCT_OK;
}

/* ---- Inputs of which nothing is known -------------------------------------------------------- */

/* A layer says how many dims and channels it takes; what else is asked of an input is taken to be
 * about pictures. */
static int32_t settle_input(torch_frame *f, const char *op, torch_value *args, uint32_t n)
{
    torch_tensor *x = n && args[0].kind == TORCH_TENSOR ? args[0].tensor : NULL;
    const torch_tensor *w = n > 1 && args[1].kind == TORCH_TENSOR ? args[1].tensor : NULL;
    if (!x || x->kind != AMCT_TENSOR_INPUT || x->rank >= 0)
        return AMCT_OK;
    x->rank = 4;
    if (w && w->rank >= 3 && strstr(op, "conv"))
        x->rank = w->rank;
    else if (w && w->rank == 2 && strcmp(op, "linear") == 0)
        x->rank = 2;
    else
        torch_warn(f->s->r, "input '%.100s' is taken to have 4 dims", x->name);
    for (int32_t d = 0; d < x->rank; d++)
        x->dims[d] = AMCT_DIM_UNKNOWN;
    uint32_t groups = strcmp(op, "_convolution") == 0 ? 8 : 6;
    if (x->rank == 2)
        x->dims[1] = w->dims[1];
    else if (w && w->rank == x->rank && !strstr(op, "transpose") &&
             !(groups == 8 && n > 6 && args[6].i))
        x->dims[1] = w->dims[1] * (n > groups && args[groups].kind == TORCH_INT &&
                                           args[groups].i > 0 && args[groups].i < 65536
                                       ? args[groups].i
                                       : 1);
    return AMCT_OK;
}

/* ---- Operators ------------------------------------------------------------------------------- */

/* "layer1.0.conv1", of the module whose code runs; several operators of it get numbers. */
static const char *label_of(torch_frame *f, const char *op)
{
    const torch_object *module = f->s->module;
    const char *path = module && module->path ? module->path : "";
    return import_text(&f->s->r->memory, "%s%s%s", path, path[0] ? "." : "", op);
}

static torch_value whole_number(double v)
{
    return v > -0x1p62 && v < 0x1p62 ? torch_int((int64_t)v) : torch_float(v);
}

/* Traced code reckons sizes with tensors of one number: constants become the numbers that they are,
 * others that are asked for as numbers symbols. */
static void take_numbers(const char *name, torch_value *args, uint32_t n)
{
    bool number = strcmp(name, "int") == 0 || strcmp(name, "Int") == 0 ||
                  strcmp(name, "float") == 0 || strcmp(name, "Float") == 0;
    for (uint32_t i = 0; i < n; i++)
        if (args[i].kind == TORCH_TENSOR &&
            (args[i].tensor->rank != 0 ||
             (args[i].tensor->kind != AMCT_TENSOR_CONSTANT && !number)))
            return;
    for (uint32_t i = 0; i < n; i++) {
        const torch_tensor *t = args[i].kind == TORCH_TENSOR ? args[i].tensor : NULL;
        if (!t)
            continue;
        if (t->kind != AMCT_TENSOR_CONSTANT)
            args[i].kind = TORCH_SYMBOL;
        else if (torch_dtype_is_float(t->dtype))
            args[i] = torch_float(torch_tensor_get(t, 0));
        else
            args[i] = whole_number(torch_tensor_get(t, 0));
    }
}

static int32_t pass_on(torch_frame *f, const char *space, const char *name, const char *label,
                       const torch_value *args, uint32_t n, uint32_t n_wanted, torch_value *out)
{
    torch_reader *r = f->s->r;
    uint32_t count = n_wanted ? n_wanted : 1;
    torch_tensor **dst = import_alloc(&r->memory, count, sizeof *dst);
    torch_value list;
    if (!dst)
        return torch_nomem(r);
    if (!has_tensor(args, n))
        return torch_fail(r, AMCT_E_UNSUPPORTED, "operator %.100s::%.100s is not supported", space,
                          name);
    TORCH_TRY(torch_list_new(r, TORCH_TUPLE, count, &list));
    for (uint32_t i = 0; i < count; i++) {
        const char *one = import_text(&r->memory, n_wanted ? "%s_%u" : "%s", label, i);
        if (!one)
            return torch_nomem(r);
        TORCH_TRY(torch_tensor_new(r, one, AMCT_TENSOR_VALUE, AMCT_UNDEFINED, -1, NULL, &dst[i]));
        list.list->at[i] = torch_of(dst[i]);
    }
    TORCH_TRY(torch_aten_pass_on(r, space, name, label, args, n, dst, count));
    *out = n_wanted ? list : list.list->at[0];
    return AMCT_OK;
}

int32_t torch_builtin(torch_frame *f, const char *space, const char *name, torch_value *args,
                      const char *const *keywords, uint32_t n, uint32_t n_wanted, torch_value *out)
{
    torch_reader *r = f->s->r;
    bool done = false, own = !space[0] || strcmp(space, "aten") == 0 || strcmp(space, "prim") == 0;
    const char *label;
    if (own) {
        TORCH_TRY(on_container(f, name, args, n, out, &done));
        if (!done)
            TORCH_TRY(on_prim(f, name, args, n, out, &done));
        if (!done && torch_number_known(name))
            take_numbers(name, args, n);
        if (!done)
            TORCH_TRY(on_numbers(f, name, args, n, out, &done));
        if (done)
            return AMCT_OK;
    }
    if (!(label = label_of(f, name)))
        return torch_nomem(r);
    if (own && torch_number_known(name) && !has_tensor(args, n))
        return torch_number_op(r, name, label, args, n, out);
    TORCH_TRY(settle_input(f, name, args, n));
    if (own && torch_aten_known(name))
        return torch_aten_call(r, name, label, args, keywords, n, n_wanted, out);
    if (own && (!space[0] || space[0] == 'p'))
        return torch_fail(r, AMCT_E_UNSUPPORTED, "'%.100s' is not supported", name);
    return pass_on(f, space, name, label, args, n, n_wanted, out);
}
