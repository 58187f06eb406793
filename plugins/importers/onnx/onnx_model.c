#include "onnx_reader.h"

#include <string.h>

/* The version of the default domain; 0 if it is not imported. */
static int32_t read_opset(onnx_reader *r, const Onnx__ModelProto *proto, int64_t *out)
{
    int64_t opset = 0;
    for (size_t i = 0; i < proto->n_opset_import; i++) {
        const Onnx__OperatorSetIdProto *import = proto->opset_import[i];
        const char *domain = onnx_or_empty(import->domain);
        if (domain[0] && strcmp(domain, "ai.onnx") != 0)
            continue;
        if (opset && opset != import->version)
            return onnx_fail(r, AMCT_E_FORMAT, "imports the operator sets %lld and %lld",
                             (long long)opset, (long long)import->version);
        opset = import->version;
        if (opset < ONNX_MIN_OPSET)
            return onnx_fail(r, AMCT_E_UNSUPPORTED,
                             "uses operator set %lld, %d or newer wanted: export it anew, or "
                             "convert it with onnx.version_converter",
                             (long long)opset, ONNX_MIN_OPSET);
    }
    if (proto->has_ir_version && proto->ir_version < 3 && !opset)
        return onnx_fail(r, AMCT_E_UNSUPPORTED,
                         "is of IR version %lld, before operator sets; version 3 or newer wanted",
                         (long long)proto->ir_version);
    if (opset > ONNX_MAX_OPSET)
        onnx_warn(r, "operator set %lld is newer than %d: operators may have changed",
                  (long long)opset, ONNX_MAX_OPSET);
    *out = opset;
    return AMCT_OK;
}

int32_t onnx_read_model(onnx_reader *r)
{
    enum { GRAPH, TRAINING, FUNCTIONS, N_PARTS };
    onnx_part parts[N_PARTS] = {{.number = 7}, {.number = 20}, {.number = 25}};
    wire_span message = {r->model.data, r->model.size}, others;
    Onnx__ModelProto *proto;
    onnx_scope scope = {.prefix = ""};
    ONNX_TRY(onnx_split(r, &r->memory, message, parts, N_PARTS, &others));
    ONNX_TRY(onnx_unpack(r, &r->memory, &onnx__model_proto__descriptor, others, &proto));
    ONNX_TRY(read_opset(r, proto, &scope.opset));
    if (parts[GRAPH].n != 1)
        return onnx_fail(r, AMCT_E_FORMAT, "the file has %zu graphs, 1 wanted", parts[GRAPH].n);
    if (parts[TRAINING].n)
        onnx_warn(r, "what the file says about training is left out");
    ONNX_TRY(onnx_read_functions(r, &parts[FUNCTIONS]));
    const char *version = onnx_or_empty(proto->producer_version);
    amct_model_desc model = {.struct_size = sizeof model, .opset = scope.opset};
    model.producer = onnx_text(&r->memory, "%s%s%s", onnx_or_empty(proto->producer_name),
                               version[0] ? " " : "", version);
    if (!model.producer)
        return onnx_nomem(r);
    int32_t status = onnx_read_graph(r, parts[GRAPH].at[0], &scope, &model);
    onnx_scope_clear(&scope);
    return status;
}
